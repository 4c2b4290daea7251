// The life of a container that is there: requests that `run`, `start`, `attach` and `wait` share.
import { type EngineClient, path, textOf } from '../../client/client.ts'
import { EngineError } from '../../errors.ts'

export function kill(client: EngineClient, id: string, signal: string): Promise<number> {
  return client.done({ method: 'POST', path: path('/containers/', id, '/kill'), query: { signal } })
}

export function resize(client: EngineClient, id: string, h: number, w: number): Promise<number> {
  return client.done({ method: 'POST', path: path('/containers/', id, '/resize'), query: { h, w } })
}

/** @throws EngineError with the status that the shell has for a program that is not there (127) or none (126) */
export async function start(client: EngineClient, id: string, detachKeys?: string): Promise<void> {
  try {
    await client.done({ method: 'POST', path: path('/containers/', id, '/start'), query: { detachKeys } })
  } catch (error) {
    if (!(error instanceof EngineError)) throw error
    throw new EngineError(error.kind, error.message, { exitStatus: statusOf(error.message) })
  }
}

/** What Docker's client looks for, too: a status of HTTP has no room for it. */
function statusOf(message: string): number {
  const text = message.toLowerCase()
  if (
    ['executable file not found', 'no such file or directory', 'system cannot find'].some((one) =>
      text.includes(one),
    )
  )
    return 127
  if (['permission denied', 'is a directory'].some((one) => text.includes(one))) return 126
  return 125
}

type EndCondition = 'not-running' | 'next-exit' | 'removed'

/** @returns when the daemon knows that somebody waits, and the promise of its exit status; who lets go of it does not wait any more */
export async function waitForEnd(
  client: EngineClient,
  id: string,
  condition: EndCondition,
): Promise<{ status: Promise<number> } & Disposable> {
  // The headers come at once, the body with the end.
  const answer = await client.call({
    method: 'POST',
    path: path('/containers/', id, '/wait'),
    query: { condition },
  })
  const status = textOf(answer).then((text) => {
    const { StatusCode, Error: failed } = JSON.parse(text)
    if (failed?.Message) throw new EngineError('internal', failed.Message)
    return Number(StatusCode)
  })
  // Whoever wants to know looks later.
  status.catch(() => {})
  return { status, [Symbol.dispose]: () => void answer.destroy() }
}
