// From the kind of an error to the status of HTTP, in one place, and the body that every
// client of Docker's API expects: {"message":"No such container: web"}.
//
// Called by server.ts for whatever a handler throws.
import type { ServerResponse } from 'node:http'
import { EngineError, type EngineErrorKind, errorLine, errorsOf } from '../../errors.ts'

const statuses: Readonly<Record<EngineErrorKind, number>> = {
  'not-modified': 304,
  invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  internal: 500,
  'not-implemented': 501,
  unavailable: 503,
}

function statusOf(error: unknown): number {
  const [first] = errorsOf(error)
  return first instanceof EngineError ? statuses[first.kind] : 500
}

/** Answers with the error; when the answer has begun already, all that is left is to cut it off. */
export function respondWithError(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const status = statusOf(error)
  // 304 has no body: to start what runs already is no failure.
  if (status === 304) {
    response.writeHead(status).end()
    return
  }
  const body = `${JSON.stringify({ message: errorLine(error) })}\n`
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
  })
  response.end(body)
}
