// A host of a test's own, as far as networks go: a network namespace in which a daemon runs,
// and another one outside, that knows nothing but the host's address.
//
//   outside 192.0.2.2, 2001:db8::2 ─── 192.0.2.1, 2001:db8::1 host ─── bridges ─── containers
//
// So a test neither sees nor disturbs what else is on this machine, and runs Debian's own
// tools, curl, ab, iperf3, in either of them.
import { execFileSync, spawn } from 'node:child_process'
import { execa } from 'execa'

export const hostAddress = '192.0.2.1'
export const outsideAddress = '192.0.2.2'

let count = 0

export class TwoHosts implements Disposable {
  readonly #host = `lc-h-${process.pid}-${++count}`
  readonly #outside = `lc-o-${process.pid}-${count}`

  constructor() {
    const ends = [
      [this.#host, 'up0', 1],
      [this.#outside, 'eth0', 2],
    ] as const
    for (const [name] of ends) ip('netns', 'add', name)
    const peer = ['type', 'veth', 'peer', 'name', 'eth0', 'netns', this.#outside]
    ip('-n', this.#host, 'link', 'add', 'up0', ...peer)
    for (const [name, link, end] of ends) {
      ip('-n', name, 'address', 'add', `192.0.2.${end}/24`, 'dev', link)
      ip('-n', name, 'address', 'add', `2001:db8::${end}/64`, 'dev', link, 'nodad')
      ip('-n', name, 'link', 'set', link, 'up')
      ip('-n', name, 'link', 'set', 'lo', 'up')
    }
  }

  /** Of the host's namespace. */
  get path(): string {
    return pathOf(this.#host)
  }

  /** A command on the host. @returns what it prints; its exit status and errors when it fails */
  host(...words: string[]): Promise<string> {
    return run(this.#host, words)
  }

  outside(...words: string[]): Promise<string> {
    return run(this.#outside, words)
  }

  /** A program that goes on, until it is disposed of. */
  serve(where: 'host' | 'outside', ...words: string[]): Disposable {
    const name = where === 'host' ? this.#host : this.#outside
    const child = spawn('nsenter', [`--net=${pathOf(name)}`, ...words], { stdio: 'ignore' })
    return { [Symbol.dispose]: () => void child.kill('SIGKILL') }
  }

  /** Interfaces of the host that were not there at the beginning, and tables of rules. */
  async left(): Promise<string[]> {
    const links = (await this.host('ip', '-o', 'link', 'show'))
      .split('\n')
      .map((line) => line.split(': ')[1]?.split('@')[0] ?? '')
    const tables = (await this.host('nft', 'list', 'tables')).split('\n')
    return [...links, ...tables].filter((one) => one !== '' && !['lo', 'up0'].includes(one))
  }

  [Symbol.dispose](): void {
    for (const name of [this.#host, this.#outside]) ip('netns', 'del', name)
  }
}

function pathOf(name: string): string {
  return `/run/netns/${name}`
}

function ip(...words: string[]): void {
  execFileSync('ip', words)
}

async function run(name: string, words: readonly string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await execa('nsenter', [`--net=${pathOf(name)}`, ...words], {
    ...{ reject: false, stdin: 'ignore' },
  })
  return exitCode === 0 ? stdout : `exit ${exitCode} ${stdout}${stderr}`
}
