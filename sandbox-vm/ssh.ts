// The provider `ssh://user@host`: any Linux host, for an instructor with a
// machine for the whole class. Keys and known hosts are those of ssh itself.

import { readFile } from 'node:fs/promises'
import { homedir, userInfo } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { putEngine } from './engine-bundle.ts'
import { seenFromOutside } from './outside.ts'
import { Remote } from './remote.ts'
import {
  type ExecOptions,
  type ExecResult,
  type OpenOptions,
  type Outside,
  type Sandbox,
  SandboxError,
  type SandboxEvent,
  type Shell,
  type ShellOptions,
} from './sandbox.ts'

/** `ssh://root@lab.example:2222` in its parts. */
export function parseTarget(spec: string): { user: string; host: string; port: number } {
  const url = URL.canParse(spec) ? new URL(spec) : undefined
  if (url?.protocol !== 'ssh:' || url.hostname === '' || (url.pathname !== '' && url.pathname !== '/')) {
    throw new SandboxError('failed', `not a host: ${spec}: write ssh://user@host or ssh://user@host:port`)
  }
  const user = decodeURIComponent(url.username) || userInfo().username
  return { user, host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || 22) }
}

export async function openSsh(spec: string, options: OpenOptions): Promise<Sandbox> {
  const target = parseTarget(spec)
  const known = await knownKeys(target.host, target.port)
  if (known.length === 0) {
    throw new SandboxError(
      'missing',
      `${target.host} is not a known host: run 'ssh -p ${target.port} ${target.user}@${target.host}' once, and look at its key`,
    )
  }
  const agent = process.env.SSH_AUTH_SOCK
  const config = {
    ...{ host: target.host, port: target.port, username: target.user },
    ...(agent === undefined ? {} : { agent }),
    hostVerifier: (key: Buffer) => known.some((one) => one.equals(key)),
  }
  const remote = await connectWithKeys(config, agent !== undefined, options.signal)
  const sandbox = new SshSandbox(spec, remote)
  if ((await remote.exec('id -u')).stdout.trim() !== '0') {
    await sandbox.close()
    throw new SandboxError(
      'missing',
      `lessons need root, and ${target.user}@${target.host} is not: use ssh://root@${target.host}`,
    )
  }
  if (options.engine !== undefined) await putEngine(remote, options.engine)
  return sandbox
}

type Config = Parameters<typeof Remote.connect>[0]

/** ssh tries its keys one after the other, and so do we. LEARN_CONTAINERS_SSH_KEY names another file. */
async function connectWithKeys(
  config: Config,
  agent: boolean,
  signal: AbortSignal | undefined,
): Promise<Remote> {
  const names = process.env.LEARN_CONTAINERS_SSH_KEY
    ? [process.env.LEARN_CONTAINERS_SSH_KEY]
    : ['id_ed25519', 'id_ecdsa', 'id_rsa'].map((name) => join(homedir(), '.ssh', name))
  const keys = (await Promise.all(names.map((name) => readFile(name).catch(() => undefined)))).filter(
    (key) => key !== undefined,
  )
  const attempts: Config[] = [
    ...(agent ? [config] : []),
    ...keys.map((privateKey) => ({ ...config, privateKey })),
  ]
  let failure: unknown = new SandboxError(
    'missing',
    `no SSH key for ${config.host}: start an agent, or make a key with ssh-keygen`,
  )
  for (const attempt of attempts) {
    try {
      return await Remote.connect(attempt, signal)
    } catch (error) {
      if (signal?.aborted) throw error
      failure = error
    }
  }
  throw failure
}

/** Keys that ~/.ssh/known_hosts has for the host. ssh-keygen reads the hashed form too. */
async function knownKeys(host: string, port: number): Promise<Buffer[]> {
  const name = port === 22 ? host : `[${host}]:${port}`
  const file = process.env.LEARN_CONTAINERS_KNOWN_HOSTS
  const { stdout } = await execa('ssh-keygen', ['-F', name, ...(file ? ['-f', file] : [])], { reject: false })
  return stdout
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => Buffer.from(line.split(' ')[2] ?? '', 'base64'))
}

class SshSandbox implements Sandbox {
  readonly name: string
  readonly #remote: Remote
  readonly #listeners = new Set<(event: SandboxEvent) => void>()

  constructor(name: string, remote: Remote) {
    this.name = name
    this.#remote = remote
    void remote.closed.then(() => {
      for (const listener of this.#listeners)
        listener({ type: 'lost', reason: `the connection to ${name} ended: start again` })
    })
  }

  outside(): Promise<Outside> {
    return seenFromOutside()
  }

  async describe(): Promise<string> {
    const { stdout } = await this.exec('. /etc/os-release; echo "$PRETTY_NAME, Linux $(uname -r)"')
    return `${this.name}, ${stdout.trim()}`
  }

  exec(command: string, options?: ExecOptions): Promise<ExecResult> {
    return this.#remote.exec(command, options)
  }

  shell(options: ShellOptions): Promise<Shell> {
    return this.#remote.shell(options)
  }

  put(path: string, content: string | Uint8Array, options?: { mode?: number }): Promise<void> {
    return this.#remote.put(path, content, options)
  }

  get(path: string): Promise<Buffer> {
    return this.#remote.get(path)
  }

  async reset(): Promise<void> {
    throw new SandboxError(
      'unsupported',
      `${this.name} is not ours to put back: only the VM can be reset (leave out --sandbox)`,
    )
  }

  on(listener: (event: SandboxEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    this.#listeners.clear()
    this.#remote.destroy()
    await this.#remote.closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
