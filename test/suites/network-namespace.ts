// A network namespace of a test's own, as a container's would be, and programs in it.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { execa } from 'execa'
import type { Endpoint } from '../../engine/drivers/network/dns/zone.ts'

export interface Reply {
  status: string
  /** `qr rd ra`, without those that say nothing here. */
  flags: string
  /** Sorted: `web. 600 IN A 10.1.0.2`. */
  answers: string[]
}

/** What dig makes of an answer; status is `none` when there was none. */
export async function dig(enter: readonly string[], ...question: string[]): Promise<Reply> {
  const always = ['+noall', '+comments', '+answer', '+time=9', '+tries=1', '+nocookie', '@127.0.0.11']
  const [file = '', ...args] = [...enter, 'dig', ...always, ...question]
  const { stdout } = await execa(file, args, { reject: false })
  const lines = stdout.split('\n')
  return {
    status: /status: (\w+)/.exec(stdout)?.[1] ?? 'none',
    flags: /^;; flags: ([a-z ]*);/m.exec(stdout)?.[1] ?? '',
    answers: lines
      .filter((line) => /^[^;\s]/.test(line))
      .map((line) => line.replace(/\s+/g, ' '))
      .sort(),
  }
}

export class NetworkNamespace implements AsyncDisposable {
  readonly path: string
  readonly #name: string
  readonly #undo = new AsyncDisposableStack()

  /** Its `lo` is up. @param name unlike that of any other */
  constructor(name: string) {
    this.#name = name
    this.path = `/run/netns/${name}`
    execFileSync('ip', ['netns', 'add', name])
    execFileSync('ip', ['-n', name, 'link', 'set', 'lo', 'up'])
  }

  /** In front of a command, to run it there. */
  get enter(): string[] {
    return ['nsenter', `--net=${this.path}`]
  }

  dig(...question: string[]): Promise<Reply> {
    return dig(this.enter, ...question)
  }

  async run(...command: string[]): Promise<string> {
    const [file = '', ...args] = [...this.enter, ...command]
    const { stdout, stderr } = await execa(file, args, { reject: false, timeout: 20_000 })
    return `${stdout}${stderr}`
  }

  /** Here, not in the host: a server of the world outside, from upstream.ts. */
  async upstream(address: string, port: number): Promise<Upstream> {
    return this.#undo.use(await upstream(this.enter, address, port))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#undo.disposeAsync()
    execFileSync('ip', ['netns', 'del', this.#name])
  }
}

export interface Upstream extends AsyncDisposable {
  readonly port: number
  /** What it was asked: `udp A ok.example`. */
  readonly asked: string[]
}

/** @param enter in front of the command, to run it elsewhere @param port 0 for any */
export async function upstream(enter: readonly string[], address: string, port: number): Promise<Upstream> {
  const program = join(import.meta.dirname, 'upstream.ts')
  const [file = '', ...args] = [...enter, process.execPath, program, address, String(port)]
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const asked: string[] = []
  const ended = once(child, 'exit')
  const ready = new Promise<number>((resolve) => {
    let text = ''
    child.stdout.on('data', (chunk) => {
      text += chunk
      const lines = text.split('\n')
      text = lines.pop() ?? ''
      for (const line of lines) {
        if (line.startsWith('ready ')) resolve(Number(line.slice(6)))
        else asked.push(line)
      }
    })
  })
  const at = await Promise.race([
    ready,
    ended.then(() => {
      throw new Error('the upstream server ended at once')
    }),
  ])
  return {
    port: at,
    asked,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** In a network called `mine`; named like the container. */
export function endpoint(container: string, own: Partial<Endpoint> = {}): Endpoint {
  return {
    ...{ network: 'id', networkName: 'mine', internal: false, gatewayPriority: 0 },
    ...{ container, dnsNames: [container], links: [], addresses: [] },
    ...own,
  }
}
