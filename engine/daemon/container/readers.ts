// Who is reading the layer of a container: an export that a slow client takes its time
// with, a commit, `docker diff`, the sizes of `ps -s`, `cp` while it runs. To remove the
// container is more: its readers are told to stop, and awaited, since a layer that is in use
// cannot go; and nobody begins to read it meanwhile.
//
// Called by the jobs that read, and by removal.ts.
import { EngineError } from '../../errors.ts'

export class LayerReaders {
  readonly #readers = new Map<string, Map<AbortController, Promise<unknown>>>()
  /** Containers that are being removed. */
  readonly #closed = new Set<string>()

  /**
   * @param signal of who asked @param work gets one that is aborted with the container, too
   * @throws EngineError `conflict` when it is being removed, or removed meanwhile
   */
  async read<T>(id: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#closed.has(id)) throw isGoing(id)
    const removal = new AbortController()
    const reading = work(AbortSignal.any([signal, removal.signal]))
    const readers = this.#readers.get(id) ?? new Map<AbortController, Promise<unknown>>()
    this.#readers.set(id, readers.set(removal, reading))
    try {
      return await reading
    } catch (cause) {
      throw removal.signal.aborted ? isGoing(id, cause) : cause
    } finally {
      readers.delete(removal)
      if (readers.size === 0) this.#readers.delete(id)
    }
  }

  /** Resolves when nobody reads it any more. @returns until it is disposed, nobody does */
  async close(id: string): Promise<Disposable> {
    this.#closed.add(id)
    const readers = [...(this.#readers.get(id) ?? [])]
    for (const [removal] of readers) removal.abort()
    await Promise.allSettled(readers.map(([, reading]) => reading))
    return { [Symbol.dispose]: () => void this.#closed.delete(id) }
  }
}

function isGoing(id: string, cause?: unknown): EngineError {
  return new EngineError('conflict', `container ${id} is being removed`, { cause })
}
