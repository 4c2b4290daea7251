// Debian's docker-registry on loopback, with a directory of its own: the registry that
// most others descend from. With users, it wants their passwords; with a certificate, TLS.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

export interface DockerRegistryOptions {
  users?: Record<string, string>
  tls?: { cert: string; key: string }
  /** An address of this machine; 127.0.0.1. */
  address?: string
}

export class DockerRegistry implements AsyncDisposable {
  readonly host: string
  readonly #process: ChildProcess
  readonly #directory: string

  private constructor(host: string, process: ChildProcess, directory: string) {
    this.host = host
    this.#process = process
    this.#directory = directory
  }

  /** @param directory gets what it keeps */
  static async open(directory: string, options: DockerRegistryOptions = {}): Promise<DockerRegistry> {
    for (let tries = 0; tries < 5; tries++) {
      const registry = await DockerRegistry.#tryOpen(directory, options)
      if (registry) return registry
    }
    throw new Error('docker-registry does not answer')
  }

  /** @returns undefined when it ended: somebody else may have taken the port meanwhile */
  static async #tryOpen(
    directory: string,
    options: DockerRegistryOptions,
  ): Promise<DockerRegistry | undefined> {
    const { users, tls, address = '127.0.0.1' } = options
    mkdirSync(join(directory, 'storage'), { recursive: true })
    const host = `${address}:${await freePort(address)}`
    const htpasswd = Object.entries(users ?? {}).map(([user, password]) => `${user}:${bcrypt(password)}\n`)
    writeFileSync(join(directory, 'htpasswd'), htpasswd.join(''))
    writeFileSync(
      join(directory, 'config.yml'),
      `version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage:
  filesystem: {rootdirectory: ${directory}/storage}
  delete: {enabled: true}
http:
  addr: ${host}
  secret: of tests
${tls ? `  tls: {certificate: ${tls.cert}, key: ${tls.key}}` : ''}
${users ? `auth: {htpasswd: {realm: test, path: ${directory}/htpasswd}}` : ''}
`,
    )
    const child = spawn('docker-registry', ['serve', join(directory, 'config.yml')], {
      stdio: 'ignore',
      env: { ...process.env, OTEL_TRACES_EXPORTER: 'none' },
    })
    const registry = new DockerRegistry(host, child, directory)
    for (let tries = 0; child.exitCode === null && tries < 600; tries++) {
      if (await answers(`${tls ? 'https' : 'http'}://${host}/v2/`)) return registry
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    child.kill()
    return undefined
  }

  /** Forgets everything, at once: it has no cache. */
  clear(): void {
    rmSync(join(this.#directory, 'storage/docker'), { recursive: true, force: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve))
    if (this.#process.kill()) await ended
  }
}

/** htpasswd(1) is in a package of its own; crypt(3) does the same. */
function bcrypt(password: string): string {
  const salt = '$2y$05$abcdefghijklmnopqrstuu'
  return execFileSync('perl', ['-e', 'print crypt($ARGV[0], $ARGV[1])', password, salt], { encoding: 'utf8' })
}

async function freePort(address: string): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, address, resolve))
  const place = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof place === 'object' && place !== null ? place.port : 0
}

/** Any answer will do; of a certificate that nobody knows, the complaint. */
async function answers(url: string): Promise<boolean> {
  try {
    await fetch(url)
    return true
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined
    return cause instanceof Error && 'code' in cause && /CERT|SIGN|SIGNATURE/.test(String(cause.code))
  }
}
