// Who may talk to the sandbox: this person's browser, on this server's own pages.
//
// The server listens on loopback, but every web page that the learner has open
// can reach loopback too. Three things keep them out: a random token that only
// our URL carries, the Origin of the page (browsers always send it with a
// WebSocket), and the Host, against names that are made to point at 127.0.0.1.
// An audience in class comes through another door: class-guard.ts.
import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

export class Guard {
  readonly token = randomBytes(24).toString('base64url')
  readonly #port: () => number

  /** @param port known only when the server listens */
  constructor(port: () => number) {
    this.#port = port
  }

  /** False for a request that was sent to another name than ours. */
  hostAllowed(request: IncomingMessage): boolean {
    return [`127.0.0.1:${this.#port()}`, `localhost:${this.#port()}`].includes(request.headers.host ?? '')
  }

  /** The token as a cookie: not readable by scripts, not sent from other sites. Named by port, since cookies know none. */
  cookie(): string {
    return `${this.#cookieName()}=${this.token}; HttpOnly; SameSite=Strict; Path=/`
  }

  tokenMatches(candidate: string | null): boolean {
    return sameSecret(candidate ?? '', this.token)
  }

  hasCookie(request: IncomingMessage): boolean {
    return this.tokenMatches(cookieOf(request, this.#cookieName()))
  }

  /** What is the learner's goes to our own pages only: SameSite keeps the cookie from others, and a browser says who asks. */
  mayRead(request: IncomingMessage): boolean {
    const site = request.headers['sec-fetch-site']
    return this.hasCookie(request) && (site === undefined || site === 'same-origin' || site === 'none')
  }

  /** Why a WebSocket is refused: an HTTP status and a line, or undefined when it is not. */
  refusal(request: IncomingMessage): { status: number; reason: string } | undefined {
    if (!this.hostAllowed(request)) return { status: 421, reason: 'wrong Host' }
    const origin = request.headers.origin ?? ''
    if (![`http://127.0.0.1:${this.#port()}`, `http://localhost:${this.#port()}`].includes(origin))
      return { status: 403, reason: 'wrong Origin' }
    if (!this.hasCookie(request))
      return { status: 401, reason: 'no token: open the address that the terminal shows' }
    return undefined
  }

  #cookieName(): string {
    return `learn-containers-${this.#port()}`
  }
}

/** Compares without telling by its time how much of it was right. */
export function sameSecret(candidate: string, secret: string): boolean {
  const [a, b] = [Buffer.from(candidate), Buffer.from(secret)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** The value of a cookie; empty without one. */
export function cookieOf(request: IncomingMessage, name: string): string {
  const cookies = (request.headers.cookie ?? '').split(/;\s*/)
  return cookies.find((cookie) => cookie.startsWith(`${name}=`))?.slice(name.length + 1) ?? ''
}
