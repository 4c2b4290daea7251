// tockerd on a host of its own (two-hosts.ts), with what tests of networks ask of it.
import { afterAll, beforeAll } from 'vitest'
import { leftovers } from '../leftovers.mjs'
import { nothingLeft, nothingMoreThan } from './nothing-left.ts'
import { Tockerd } from './tockerd.ts'
import { TwoHosts } from './two-hosts.ts'

export class NetworkStage implements AsyncDisposable {
  readonly hosts: TwoHosts
  readonly tockerd: Tockerd

  private constructor(hosts: TwoHosts, tockerd: Tockerd) {
    this.hosts = hosts
    this.tockerd = tockerd
  }

  /** @param flags for tockerd @param mounts path of its mount namespace */
  static async open(flags: string[] = [], mounts?: string): Promise<NetworkStage> {
    const hosts = new TwoHosts()
    try {
      return new NetworkStage(hosts, await Tockerd.open(flags, hosts.path, mounts))
    } catch (error) {
      hosts[Symbol.dispose]()
      throw error
    }
  }

  /** A container that does nothing, until it is removed. @param words flags of `docker run` */
  sleeper(name: string, ...words: string[]): Promise<string> {
    const run = ['run', '-d', '--stop-timeout', '0', '--name', name]
    return this.tockerd.ok(...run, ...words, 'busybox', 'sleep', '1000')
  }

  /** What `docker` says when it fails, and it has to. */
  async refused(...words: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.tockerd.docker(words)
    if (exitCode === 0) throw new Error(`docker ${words.join(' ')} works: ${stdout}`)
    return stderr
  }

  address(name: string, network: string): Promise<string> {
    const format = `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`
    return this.tockerd.ok('inspect', '--format', format, name)
  }

  /** Every container, and every network that a user made, goes. */
  async clear(): Promise<void> {
    const ids = (await this.tockerd.ok('ps', '-aq')).split('\n').filter(Boolean)
    if (ids.length > 0) await this.tockerd.ok('rm', '-f', ...ids)
    await this.tockerd.ok('network', 'prune', '-f')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    using _ = this.hosts
    await this.tockerd[Symbol.asyncDispose]()
    await nothingLeft(() => this.hosts.left(), 'on the host')
  }
}

/**
 * One stage for the tests of a file, after which nothing is left that was not there before; and its words, which work
 * from the first test on.
 */
export function shareStage(flags: string[]) {
  let stage: NetworkStage
  let before: string[]
  beforeAll(async () => {
    before = leftovers()
    stage = await NetworkStage.open(flags)
  })
  afterAll(async () => {
    await stage[Symbol.asyncDispose]()
    await nothingMoreThan(before)
  })
  return {
    get stage(): NetworkStage {
      return stage
    },
    ok: (...words: string[]): Promise<string> => stage.tockerd.ok(...words),
    run: (name: string, ...words: string[]): Promise<string> => stage.sleeper(name, ...words),
    refused: (...words: string[]): Promise<string> => stage.refused(...words),
    address: (name: string, network: string): Promise<string> => stage.address(name, network),
    clear: (): Promise<void> => stage.clear(),
  }
}
