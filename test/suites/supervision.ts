// A supervisor of a test's own, with bundles for it, and ways to see what comes out.
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { LogConfig } from '../../engine/daemon/logs/driver.ts'
import { codecOf } from '../../engine/daemon/logs/open.ts'
import { readLog } from '../../engine/daemon/logs/read.ts'
import type { SupervisorClient } from '../../engine/daemon/supervisor/client.ts'
import { openSupervisor } from '../../engine/daemon/supervisor/launch.ts'
import type { End, RuntimeChoice } from '../../engine/daemon/supervisor/protocol.ts'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { leftovers } from '../leftovers.mjs'
import { makeRootfs } from './bundle.ts'
import { baseConfig, type Json, merge } from './bundle-config.ts'
import { isGone } from './gone.ts'

export interface Wanted {
  runtime?: RuntimeChoice
  terminal?: boolean
  stdin?: boolean
  stdinOnce?: boolean
  log?: Partial<Pick<LogConfig, 'driver' | 'options'>>
  config?: Json
}

export class Supervision {
  readonly directory: string
  readonly exec: string
  /** Cgroup of all its containers: nobody else's test has the same. */
  readonly parent: string
  client: SupervisorClient

  private constructor(directory: string, exec: string, parent: string, client: SupervisorClient) {
    this.directory = directory
    this.parent = parent
    this.exec = exec
    this.client = client
  }

  static async open(): Promise<Supervision> {
    const directory = await mkdtemp(join(tmpdir(), 'lc-sup-'))
    await makeRootfs(join(directory, 'rootfs'))
    const exec = join(directory, 'exec')
    const parent = `/${basename(directory)}`
    return new Supervision(directory, exec, parent, await openSupervisor(launch(exec, parent)))
  }

  /** As a daemon that was killed, and the next one. */
  async reconnect(): Promise<void> {
    this.client[Symbol.dispose]()
    this.client = await openSupervisor(launch(this.exec, this.parent))
  }

  get pid(): number {
    return Number(readFileSync(join(this.exec, 'pid'), 'utf8'))
  }

  async killSupervisor(): Promise<void> {
    const { pid } = this
    process.kill(pid, 'SIGKILL')
    while (!isGone(pid)) await new Promise((resolve) => setTimeout(resolve, 5))
  }

  logConfig(id: string, log: Wanted['log'] = {}): LogConfig {
    const info = { id, name: id, image: '', imageId: '', command: '', env: [], labels: {} }
    return {
      driver: 'json-file',
      options: {},
      path: join(this.directory, 'logs', id, `${id}-json.log`),
      info,
      ...log,
    }
  }

  /** Made, not started. @param command a string is a shell script */
  async create(command: string | readonly string[], wanted: Wanted = {}): Promise<string> {
    const id = `lc-${randomBytes(6).toString('hex')}`
    await this.createAs(id, command, wanted)
    return id
  }

  async createAs(id: string, command: string | readonly string[], wanted: Wanted = {}): Promise<void> {
    const { terminal = false, stdin = false, stdinOnce = stdin, runtime = 'native' } = wanted
    const bundle = join(this.directory, 'bundles', id)
    await mkdir(bundle, { recursive: true })
    const args = typeof command === 'string' ? ['sh', '-c', command] : command
    const own = {
      root: { path: join(this.directory, 'rootfs') },
      process: { args, terminal },
      linux: { cgroupsPath: `${this.parent}/${id}` },
    }
    const config = merge(merge(baseConfig(id), own), wanted.config ?? {})
    await writeFile(join(bundle, 'config.json'), JSON.stringify(config))
    const log = this.logConfig(id, wanted.log)
    await this.client.create({ container: id, bundle, runtime, terminal, stdin, stdinOnce, log })
  }

  /** From its birth to its end. */
  async run(command: string | readonly string[], wanted: Wanted = {}): Promise<{ id: string; end: End }> {
    const id = await this.create(command, wanted)
    await this.client.start({ container: id })
    return { id, end: await this.client.wait({ container: id }) }
  }

  /** What its log says, by stream. */
  async log(id: string, log: Wanted['log'] = {}): Promise<{ stdout: string; stderr: string }> {
    const config = this.logConfig(id, log)
    const text = { stdout: '', stderr: '' }
    for await (const records of readLog(config.path, codecOf(config)))
      for (const { stream, line, partial } of records)
        text[stream] += `${line}${partial && !partial.last ? '' : '\n'}`
    return text
  }

  /** What of it is on this machine, where others test, too. */
  leftovers(): string[] {
    return leftovers().filter((line) => line.includes(this.parent) || line.includes(this.directory))
  }

  /** @returns what it had to say: why something failed may stand there */
  async close(): Promise<string> {
    await this.client.shutdown(true)
    this.client[Symbol.dispose]()
    const words = readFileSync(join(this.exec, 'supervisor.log'), 'utf8')
    await rm(this.directory, { recursive: true, force: true })
    return words
  }
}

function launch(directory: string, cgroupParent: string) {
  const bundle = join(packageRoot(), 'dist/tocker-supervisor.mjs')
  return { directory, command: [process.execPath, '--max-semi-space-size=2', bundle] as const, cgroupParent }
}

/** All that comes, to the end. */
export async function collect(stream: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Docker's frames, taken apart. */
export function unframe(bytes: Buffer): { stdout: string; stderr: string } {
  const text = { stdout: '', stderr: '' }
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at + 4)
    text[bytes[at] === 2 ? 'stderr' : 'stdout'] += bytes.toString('latin1', at + 8, at + 8 + length)
    at += 8 + length
  }
  return text
}
