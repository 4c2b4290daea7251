// A mount namespace in which /etc/subuid and /etc/subgid have lines of a test's own. The
// machine's own stay as they are, and whoever tests beside us has others.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bindSubordinate } from './rootless.ts'

export class Subordinate implements Disposable {
  readonly #directory: string
  /** A namespace lives as long as somebody is in it. */
  readonly #keeper: ChildProcess

  private constructor(directory: string, keeper: ChildProcess) {
    this.#directory = directory
    this.#keeper = keeper
  }

  /** @param lines `daemon:100000:65536` */
  static async open(...lines: string[]): Promise<Subordinate> {
    const directory = mkdtempSync(join(tmpdir(), 'lc-sub-'))
    const file = join(directory, 'file')
    writeFileSync(file, '')
    const script = `set -e; ${bindSubordinate(file)}; echo ready; exec sleep infinity`
    const keeper = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const subordinate = new Subordinate(directory, keeper)
    subordinate.write(...lines)
    await new Promise<void>((resolve, reject) => {
      keeper.stdout?.once('data', () => resolve())
      keeper.once('exit', (status) => reject(new Error(`unshare: ${status}`)))
    })
    return subordinate
  }

  /** For nsenter(1). */
  get mounts(): string {
    return `/proc/${this.#keeper.pid}/ns/mnt`
  }

  write(...lines: string[]): void {
    writeFileSync(join(this.#directory, 'file'), lines.map((line) => `${line}\n`).join(''))
  }

  /** What is mounted in there alone: nobody else would see it left behind. */
  below(directory: string): string[] {
    return readFileSync(`/proc/${this.#keeper.pid}/mounts`, 'utf8')
      .split('\n')
      .filter((line) => line.split(' ')[1]?.startsWith(`${directory}/`))
  }

  [Symbol.dispose](): void {
    this.#keeper.kill('SIGKILL')
    rmSync(this.#directory, { recursive: true })
  }
}
