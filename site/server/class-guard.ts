// Who may look on in class: whoever knows the code, on this server's own pages.
//
// The class has a door of its own (class-door.ts) with a cookie of its own. This
// cookie opens nothing at the instructor's door, and the instructor's token is
// not known here. Traffic on a LAN is not encrypted: who listens there can read
// the code and the cookie, and then sees what the class sees, and no more.
import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { cookieOf, sameSecret } from './guard.ts'
import { JoinLimit, makeCode, normaliseCode } from './join-code.ts'

export class ClassGuard {
  readonly code = makeCode()
  readonly #token = randomBytes(24).toString('base64url')
  readonly #limit: JoinLimit
  readonly #places: () => readonly string[]

  /** @param places `address:port` of each listener, known only when they listen */
  constructor(places: () => readonly string[], limit = new JoinLimit()) {
    this.#places = places
    this.#limit = limit
  }

  /** False for a request that was sent to a name: names can be made to point here. */
  hostAllowed(request: IncomingMessage): boolean {
    return this.#places().includes(request.headers.host ?? '')
  }

  originAllowed(request: IncomingMessage): boolean {
    const { origin, host } = request.headers
    return this.hostAllowed(request) && origin === `http://${host}`
  }

  /** Somebody tries a code. Also a right one has to wait after too many wrong ones: else waiting would tell. */
  enter(address: string, typed: string): 'in' | 'wrong' | 'wait' {
    if (this.#limit.mustWait(address)) return 'wait'
    if (sameSecret(normaliseCode(typed), this.code)) return 'in'
    this.#limit.wrong(address)
    return 'wrong'
  }

  cookie(request: IncomingMessage): string {
    return `${cookieName(request)}=${this.#token}; HttpOnly; SameSite=Strict; Path=/`
  }

  /** Why a WebSocket is refused: an HTTP status and a line, or undefined when it is not. */
  refusal(request: IncomingMessage): { status: number; reason: string } | undefined {
    if (!this.hostAllowed(request)) return { status: 421, reason: 'wrong Host' }
    if (!this.originAllowed(request)) return { status: 403, reason: 'wrong Origin' }
    if (!sameSecret(cookieOf(request, cookieName(request)), this.#token))
      return { status: 401, reason: 'not joined' }
    return undefined
  }
}

/** Cookies know no ports: two classes on one machine would overwrite each other's. */
function cookieName(request: IncomingMessage): string {
  return `learn-containers-class-${/\d+$/.exec(request.headers.host ?? '')?.[0] ?? ''}`
}
