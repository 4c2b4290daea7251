// A tockerd of a test's own, with the stock docker client pointed at it, and `busybox:latest`.
//
// Everything of it is below one short directory of the system's temporary one: a socket's
// path has 107 bytes at most. Closed, it stops its containers and its supervisor, and what
// is left of either is an error; so is a daemon that ended though nobody ended it, and a
// line in a log that says that something of ours was wrong.
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { leftovers } from '../leftovers.mjs'
import { makeRootfs } from './bundle.ts'
import { isGone } from './gone.ts'
import { clearings } from './second-try.ts'

interface Outcome {
  exitCode: number | undefined
  stdout: string
  stderr: string
}

interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: Buffer
}

export class Tockerd implements AsyncDisposable {
  readonly directory: string
  readonly socket: string
  readonly #flags: string[]
  readonly #namespaces: string[]
  #daemon: ChildProcess | undefined
  /** It was told to, by kill() or stop(). */
  #mayBeOver = false
  readonly #clear = (since: number): Promise<void> => this.#removeSince(since)

  private constructor(directory: string, flags: string[], namespaces: string[]) {
    this.directory = directory
    this.socket = join(directory, 'sock')
    this.#flags = flags
    this.#namespaces = namespaces
  }

  /**
   * @param flags more for tockerd; the storage driver is vfs unless they say otherwise
   * @param network path of the network namespace that it takes for the host's
   * @param mounts and of the mount namespace
   */
  static async open(flags: string[] = [], network?: string, mounts?: string): Promise<Tockerd> {
    const tockerd = await Tockerd.openEmpty(flags, network, mounts)
    await tockerd.#importBusybox()
    return tockerd
  }

  /** Without the image. */
  static async openEmpty(flags: string[] = [], network?: string, mounts?: string): Promise<Tockerd> {
    const directory = mkdtempSync(join(tmpdir(), 'lc-td-'))
    // For users that containers have of their own, who come to their files by here.
    chmodSync(directory, 0o711)
    const driver = flags.some((one) => one.startsWith('--storage-driver')) ? [] : ['--storage-driver=vfs']
    const namespaces = [
      ...(network === undefined ? [] : [`--net=${network}`]),
      ...(mounts === undefined ? [] : [`--mount=${mounts}`]),
    ]
    const tockerd = new Tockerd(directory, [...driver, ...flags], namespaces)
    mkdirSync(join(directory, 'config'))
    writeFileSync(join(directory, 'config/config.json'), '{}')
    await tockerd.start()
    clearings.add(tockerd.#clear)
    return tockerd
  }

  get pid(): number {
    return this.#daemon?.pid ?? 0
  }

  get supervisorPid(): number {
    return Number(readFileSync(join(this.directory, 'exec/pid'), 'utf8'))
  }

  /** What it has to say. */
  get log(): string {
    return readFileSync(join(this.directory, 'log'), 'utf8')
  }

  get supervisorLog(): string {
    const path = join(this.directory, 'exec/supervisor.log')
    return existsSync(path) ? readFileSync(path, 'utf8') : ''
  }

  /** @param flags in place of those that it had */
  async start(flags = this.#flags): Promise<void> {
    const at = (name: string): string => join(this.directory, name)
    const [file, ...before] =
      this.#namespaces.length === 0 ? [process.execPath] : ['nsenter', ...this.#namespaces, process.execPath]
    const daemon = spawn(
      file,
      [
        ...before,
        // As the launcher has it.
        '--max-semi-space-size=2',
        ...[join(packageRoot(), 'dist/tockerd.mjs'), '--data-root', at('root'), '--exec-root', at('exec')],
        ...[
          '--pidfile',
          at('pid'),
          '-H',
          `unix://${this.socket}`,
          `--cgroup-parent=/${cgroupOf(this.directory)}`,
        ],
        ...flags,
      ],
      { stdio: ['ignore', 'ignore', 'pipe'], env: process.env },
    )
    this.#daemon = daemon
    this.#mayBeOver = false
    let said = ''
    await new Promise<void>((resolve, reject) => {
      daemon.stderr?.on('data', (chunk: Buffer) => {
        writeFileSync(at('log'), chunk, { flag: 'a' })
        // It may come in two pieces.
        said = `${said.slice(-20)}${chunk}`
        if (said.includes('"msg":"ready"')) resolve()
      })
      daemon.once('exit', () => reject(new Error(`tockerd does not come up: ${this.log}`)))
    })
  }

  /** As a crash: nothing is tidied up, and the supervisor stays. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** SIGTERM, and its end. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM')
  }

  /** What of it is on this machine, where others test, too. */
  leftovers(): string[] {
    const name = cgroupOf(this.directory)
    return leftovers().filter((line) => line.includes(name))
  }

  get #isRunning(): boolean {
    return this.#daemon?.exitCode === null && this.#daemon.signalCode === null
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const daemon = this.#daemon
    if (daemon === undefined || !this.#isRunning) return
    this.#mayBeOver = true
    const ended = new Promise((resolve) => daemon.once('exit', resolve))
    daemon.kill(signal)
    await ended
  }

  /** `docker …` with this daemon, whatever comes of it. @param input what it reads; nothing by default */
  async docker(words: readonly string[], input?: string | Buffer): Promise<Outcome> {
    const { exitCode, stdout, stderr } = await execa('docker', words, {
      ...{ reject: false, env: this.environment },
      ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    })
    return { exitCode, stdout, stderr }
  }

  get environment(): Record<string, string> {
    return { DOCKER_HOST: `unix://${this.socket}`, DOCKER_CONFIG: join(this.directory, 'config') }
  }

  /** The same for what must work. @returns its output @throws with what it said when it fails */
  async ok(...words: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.docker(words)
    if (exitCode !== 0) throw new Error(`docker ${words.join(' ')}: ${exitCode} ${stdout} ${stderr}`)
    return stdout
  }

  /** A request as it goes over the wire. @param path with its version or without */
  request(method: string, path: string, body?: string | Buffer, type = 'application/json'): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const headers =
        body === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(body) }
      const sent = request({ socketPath: this.socket, method, path, headers, agent: false }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.once('error', reject)
        response.once('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks),
          }),
        )
      })
      sent.once('error', reject)
      sent.end(body)
    })
  }

  async #importBusybox(): Promise<void> {
    const rootfs = join(this.directory, 'rootfs')
    await makeRootfs(rootfs)
    const { stdout } = await execa('tar', ['-C', rootfs, '-c', '.'], {
      encoding: 'buffer',
      maxBuffer: 2 ** 28,
    })
    rmSync(rootfs, { recursive: true })
    const words = ['import', '-c', 'CMD ["sh"]', '-', 'busybox:latest']
    const { exitCode, stderr } = await this.docker(words, Buffer.from(stdout))
    if (exitCode !== 0) throw new Error(`docker import: ${stderr}`)
  }

  /** What was made since then; whoever ended the daemon may not have come to start it again. */
  async #removeSince(time: number): Promise<void> {
    if (!this.#isRunning && this.#mayBeOver) await this.start()
    for (const [kind, all, created, force] of [
      ['container', '-aq', 'Created', '-fv'],
      ['network', '-q', 'Created', '-f'],
      ['volume', '-q', 'CreatedAt', '-f'],
    ] as const) {
      const names = (await this.ok(kind, 'ls', all)).split('\n').filter((one) => one !== '')
      for (const name of names) {
        const { stdout } = await this.docker([kind, 'inspect', '--format', `{{json .${created}}}`, name])
        if (Date.parse(stdout.replaceAll('"', '')) >= time) await this.docker([kind, 'rm', force, name])
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearings.delete(this.#clear)
    const supervisor = existsSync(join(this.directory, 'exec/pid')) ? this.supervisorPid : 0
    await this.#end('SIGTERM')
    const left = supervisor > 0 && !(await gone(supervisor))
    if (left) process.kill(supervisor, 'SIGKILL')
    const words = `${this.log}${this.supervisorLog}`
    const mistakes = words.split('\n').filter((line) => line.includes('a mistake of ours'))
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 3 })
    if (left) throw new Error(`the supervisor ${supervisor} is still there: ${words}`)
    if (!this.#mayBeOver) throw new Error(`tockerd ended, and nobody had asked it to: ${words}`)
    if (mistakes.length > 0) throw new Error(`tockerd made mistakes:\n${mistakes.join('\n')}`)
  }
}

/** Of its own: the leak check must see whether anything stays. */
function cgroupOf(directory: string): string {
  return directory.slice(directory.lastIndexOf('/') + 1)
}

/** It says goodbye before it ends: a moment passes between the two. */
async function gone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 1000 && !isGone(pid); tries++)
    await new Promise((resolve) => setTimeout(resolve, 20))
  return isGone(pid)
}
