// Who may do what at the registry of tests: Basic, or a token server of its own, which
// gives identity tokens to those who ask for them.
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

export class TestRegistryAuth {
  /** Tokens given, with the scopes that they are for. */
  readonly tokens = new Map<string, string>()
  /** Users by identity token. */
  readonly identityTokens = new Map<string, string>()
  readonly #users: Record<string, string> | undefined
  readonly #kind: 'token' | 'basic'

  constructor(users: Record<string, string> | undefined, kind: 'token' | 'basic') {
    this.#users = users
    this.#kind = kind
  }

  allowed(request: IncomingMessage, where: URL): boolean {
    if (!this.#users) return true
    const [kind, text = ''] = (request.headers.authorization ?? '').split(' ')
    if (this.#kind === 'basic') return kind === 'Basic' && this.#user(text) !== undefined
    const scope = this.tokens.get(text)
    const repository = /^\/v2\/(.+)\/(manifests|blobs|tags)\//.exec(where.pathname)?.[1]
    const verb = request.method === 'GET' || request.method === 'HEAD' ? 'pull' : 'push'
    if (kind !== 'Bearer' || scope === undefined) return false
    return repository === undefined || new RegExp(`repository:${repository}:[^ ]*${verb}`).test(scope)
  }

  #user(basic: string): string | undefined {
    const [user = '', password] = Buffer.from(basic, 'base64').toString().split(':')
    return this.#users?.[user] === password ? user : undefined
  }

  challenge(response: ServerResponse, url: string, where: URL): void {
    const repository = /^\/v2\/(.+)\/(manifests|blobs|tags)\//.exec(where.pathname)?.[1]
    const scope = repository ? `,scope="repository:${repository}:pull,push"` : ''
    const value =
      this.#kind === 'token' ? `Bearer realm="${url}/token",service="test"${scope}` : 'Basic realm="test"'
    fail(response, 401, 'UNAUTHORIZED', 'authentication required', { 'www-authenticate': value })
  }

  async answer(request: IncomingMessage, response: ServerResponse, where: URL): Promise<void> {
    const form = new URLSearchParams((await collect(request)).toString())
    const basic = /^Basic (.*)$/.exec(request.headers.authorization ?? '')?.[1]
    const user =
      request.method === 'POST'
        ? this.identityTokens.get(form.get('refresh_token') ?? '')
        : basic === undefined
          ? 'nobody'
          : this.#user(basic)
    if (user === undefined) return send(response, 401, { details: 'incorrect username or password' })
    const token = randomBytes(8).toString('hex')
    const scopes = [...where.searchParams.getAll('scope'), ...(form.get('scope')?.split(' ') ?? [])]
    // Nobody may look, and not write.
    const given = user === 'nobody' ? scopes.map((scope) => scope.replace(/:[^:]*$/, ':pull')) : scopes
    this.tokens.set(token, given.join(' '))
    const refresh = where.searchParams.has('offline_token') ? { refresh_token: `identity-${user}` } : {}
    if (user !== 'nobody') this.identityTokens.set(`identity-${user}`, user)
    send(response, 200, { token, expires_in: 300, ...refresh })
  }
}

export async function collect(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}

export function send(
  response: ServerResponse,
  status: number,
  body: object | undefined,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, body ? { 'content-type': 'application/json', ...headers } : headers)
  response.end(body && JSON.stringify(body))
}

export function fail(
  response: ServerResponse,
  status: number,
  code: string,
  message = code.toLowerCase(),
  headers: Record<string, string> = {},
): void {
  send(response, status, { errors: [{ code, message }] }, headers)
}
