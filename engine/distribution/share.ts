// One work for many who want it, of whom each may give up alone.
import type { ContentStore } from '../graph/content-store.ts'

/**
 * Does `work` once for a key, however many ask at the same time. Who does it does it under
 * his own signal; when he gives up or fails, the next one who waits begins again. Who only
 * waits can go at any time.
 */
export async function shareFairly<T>(
  content: ContentStore,
  key: string,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  for (;;) {
    let own = false
    const shared = content.share(key, () => {
      own = true
      return work()
    })
    try {
      // Our own ends by itself when it is aborted, and puts away what it has first.
      return await (own ? shared : untilAborted(shared, signal))
    } catch (error) {
      signal.throwIfAborted()
      // Somebody else's failed, perhaps because he gave up: that is no reason for us to.
      if (own) throw error
    }
  }
}

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const { promise, reject } = Promise.withResolvers<never>()
  const stop = (): void => reject(signal.reason)
  signal.addEventListener('abort', stop)
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
