// Docker's API through dockerode, the client that most programs in Node have: one table of
// what is asked and what Docker documents of the answer, for tockerd and for Debian's dockerd,
// so that the table itself is true. Needs root, and dockerd.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type Docker from 'dockerode'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { leftovers } from '../leftovers.mjs'
import { openDockerd } from '../suites/dockerd.ts'
import { clientOf, importBox } from '../suites/engine-client.ts'
import { removeCgroups } from '../suites/manager.ts'
import { Tockerd } from '../suites/tockerd.ts'
import { containerTests } from './dockerode-containers.ts'
import { storeTests } from './dockerode-store.ts'

const isRoot = process.platform === 'linux' && process.getuid?.() === 0

/** @param directory of its own; short, since sockets are in there */
const daemons: Record<string, (directory: string) => Promise<{ socket: string } & AsyncDisposable>> = {
  tockerd: () => Tockerd.open(),
  dockerd: (directory) =>
    openDockerd(join(directory, 'd'), 'vfs', ['--cgroup-parent', `/${basename(directory)}`]),
}

describe.runIf(isRoot).each(Object.entries(daemons))('dockerode and %s', (_, open) => {
  let before: string[]
  let directory: string
  let daemon: Awaited<ReturnType<typeof open>> | undefined
  let docker: Docker
  beforeAll(async () => {
    before = leftovers()
    directory = mkdtempSync(join(tmpdir(), 'lc-node-'))
    daemon = await open(directory)
    docker = clientOf(daemon.socket)
    await importBox(docker, directory)
  })
  const close = async (): Promise<void> => {
    await daemon?.[Symbol.asyncDispose]()
    daemon = undefined
    await removeCgroups(`/${basename(directory)}`)
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 })
  }
  afterAll(close)

  storeTests(() => docker)
  containerTests(() => docker)

  test('nothing is left behind', async () => {
    await close()
    await expect.poll(() => leftovers().filter((one) => !before.includes(one))).toEqual([])
  })
})
