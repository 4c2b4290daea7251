// A Linux machine at the other end of an SSH connection: commands, terminals,
// files. Our VM (qemu.ts) and any host (ssh.ts) are both one of these.
//
// The connection ends when the machine is lost; whoever owns it makes another.
import { constants } from 'node:os'
import { Readable } from 'node:stream'
import { Client, type ClientChannel, type ConnectConfig } from 'ssh2'
import { quote, wrapCommand } from './quote.ts'
import { type ExecOptions, type ExecResult, SandboxError, type Shell, type ShellOptions } from './sandbox.ts'

export class Remote {
  readonly #client: Client
  /** Resolves when the connection is over, for whatever reason. */
  readonly closed: Promise<void>
  #open = true

  private constructor(client: Client) {
    this.#client = client
    this.closed = new Promise((resolve) => {
      client.once('close', () => {
        this.#open = false
        resolve()
      })
    })
  }

  /** @throws SandboxError `missing` when the host does not let us in, `lost` when it does not answer */
  static connect(config: ConnectConfig, signal?: AbortSignal): Promise<Remote> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted()
      const client = new Client()
      const onAbort = (): void => {
        reject(new SandboxError('failed', 'stopped'))
        client.destroy()
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      client
        .once('close', () => signal?.removeEventListener('abort', onAbort))
        .once('ready', () => {
          signal?.removeEventListener('abort', onAbort)
          // Keys one by one: with Nagle's algorithm each waits for the other side to confirm the
          // one before, and what is typed comes back after 55 ms instead of 15.
          client.setNoDelay(true)
          resolve(new Remote(client))
        })
        // Stays for good: an error after 'ready' is followed by 'close', which is what counts.
        .on('error', (error: Error & { level?: string }) => {
          const kind =
            error.level === 'client-authentication' || /verif/i.test(error.message) ? 'missing' : 'lost'
          reject(
            new SandboxError(kind, `ssh to ${config.host}:${config.port}: ${error.message}`, {
              cause: error,
            }),
          )
        })
        .connect({ keepaliveInterval: 5000, readyTimeout: 15_000, ...config })
    })
  }

  async exec(command: string, options: ExecOptions = {}): Promise<ExecResult> {
    // timeout(1) ends the command over there; our own clock ends the waiting here.
    const limit =
      options.timeout === undefined ? '' : `timeout -s KILL ${Math.ceil(options.timeout / 1000) + 1} `
    const { channel, ended } = await this.#channel(wrapCommand(`${limit}sh -c ${quote(command)}`, options))
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    channel.on('data', (chunk: Buffer) => {
      stdout.push(chunk)
      options.onStdout?.(chunk)
    })
    channel.stderr.on('data', (chunk: Buffer) => {
      stderr.push(chunk)
      options.onStderr?.(chunk)
    })
    const input = options.stdin instanceof Readable ? options.stdin : undefined
    if (input) input.pipe(channel)
    else channel.end(options.stdin)
    const givenUp = Promise.withResolvers<never>()
    const giveUp = (error: SandboxError): void => {
      // sshd answers a close when the command has ended, which may be never: no waiting for that.
      givenUp.reject(error)
      channel.signal('KILL')
      channel.close()
    }
    const timer = options.timeout
      ? setTimeout(
          () =>
            giveUp(
              new SandboxError('timeout', `no end within ${options.timeout} ms: ${command.slice(0, 80)}`),
            ),
          options.timeout,
        )
      : undefined
    const onAbort = (): void => giveUp(new SandboxError('failed', 'stopped'))
    options.signal?.addEventListener('abort', onAbort, { once: true })
    try {
      const status = await Promise.race([ended, givenUp.promise])
      if (status === undefined) throw new SandboxError('lost', 'the sandbox went away while a command ran')
      return { status, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }
    } finally {
      input?.unpipe(channel)
      clearTimeout(timer)
      options.signal?.removeEventListener('abort', onAbort)
    }
  }

  async shell(options: ShellOptions): Promise<Shell> {
    const command = (options.command ?? ['bash', '-l']).map(quote).join(' ')
    const window = { cols: options.cols, rows: options.rows, width: 0, height: 0 }
    const pty = { ...window, term: 'xterm-256color' }
    const { channel, ended } = await this.#channel(wrapCommand(command, options), pty)
    channel.on('error', () => {})
    return {
      write: (data) => void channel.write(data),
      resize: (cols, rows) => channel.setWindow(rows, cols, 0, 0),
      onData: (listener) => {
        channel.on('data', listener)
        return () => channel.off('data', listener)
      },
      exited: ended.then((status) => status ?? 255),
      close: () => {
        // A channel ends when its last output was read, and perhaps nobody listens.
        channel.resume()
        channel.close()
      },
    }
  }

  async put(path: string, content: string | Uint8Array, options: { mode?: number } = {}): Promise<void> {
    const mode = (options.mode ?? 0o644).toString(8)
    const [target, temporary] = [quote(path), quote(`${path}.new`)]
    const script = `mkdir -p "$(dirname ${target})" && cat > ${temporary} && chmod ${mode} ${temporary} && mv ${temporary} ${target}`
    const result = await this.exec(script, { stdin: content })
    if (result.status !== 0) throw new SandboxError('failed', `cannot write ${path}: ${result.stderr.trim()}`)
  }

  async get(path: string): Promise<Buffer> {
    const chunks: Buffer[] = []
    const result = await this.exec(`cat ${quote(path)}`, { onStdout: (chunk) => void chunks.push(chunk) })
    if (result.status !== 0) throw new SandboxError('failed', `cannot read ${path}: ${result.stderr.trim()}`)
    return Buffer.concat(chunks)
  }

  /** At once, without a word to the other side: it may not be there any more. */
  destroy(): void {
    this.#client.destroy()
  }

  /** Starts a command. `ended`: its exit status, or undefined when the connection ended first. */
  #channel(
    command: string,
    pty?: { cols: number; rows: number; width: number; height: number; term: string },
  ): Promise<{ channel: ClientChannel; ended: Promise<number | undefined> }> {
    return new Promise((resolve, reject) => {
      const lost = (error?: Error): void =>
        reject(new SandboxError('lost', 'the sandbox went away', error ? { cause: error } : undefined))
      if (!this.#open) return lost()
      this.#client.once('close', lost)
      this.#client.exec(command, pty ? { pty } : {}, (error, channel) => {
        this.#client.off('close', lost)
        if (error) lost(error)
        // Listening at once: a command may have ended already, and its end may stand behind these
        // very words in one packet. After an `await` nobody would hear of it.
        else resolve({ channel, ended: endOf(channel, this.closed) })
      })
    })
  }
}

/** Exit status, 128 + signal, or undefined when the connection ended first. */
function endOf(channel: ClientChannel, connectionClosed: Promise<void>): Promise<number | undefined> {
  return new Promise((resolve) => {
    let status: number | undefined
    channel.on('exit', (code: number | null, signal?: string) => {
      status = code ?? 128 + signalNumber(signal ?? '')
    })
    channel.on('close', () => resolve(status))
    // A connection that is cut does not close its channels one by one.
    void connectionClosed.then(() => resolve(status))
  })
}

function signalNumber(name: string): number {
  return (
    Object.entries(constants.signals).find(([signal]) => signal === name || signal === `SIG${name}`)?.[1] ?? 0
  )
}
