// What a pull, push or load says while it works. On a terminal one line for each layer,
// redrawn in place; elsewhere a line for each step, as Docker prints them.
//
//   latest: Pulling from library/busybox
//   4fe2ade4980c: Pull complete                                    <- these are redrawn
//   9ad63333ebc9: Downloading [====>         ]  1.234MB/3.456MB    <-
//   Digest: sha256:…
//
// Drawn at most fifteen times a second: a fast download tells of thousands of steps. More
// layers than the terminal has lines are shown in part until the end, since what has
// scrolled away can be redrawn by nobody.
import type { Readable } from 'node:stream'
import type { OnProgress, ProgressMessage } from '../../api/progress.ts'
import { jsonLines } from '../../client/json-lines.ts'
import { EngineError } from '../../errors.ts'
import { progressLine } from './progress-line.ts'

export interface Progress extends Disposable {
  readonly tell: OnProgress
}

interface Screen {
  write(text: string): void
  /** Asked again for every picture: windows change. Undefined for a pipe or a file. */
  size(): { columns: number; rows: number } | undefined
}

const interval = 66

/** What else comes in such an answer: output of a command, an error behind the 200, results for programs. */
interface Line extends Partial<ProgressMessage> {
  stream?: string
  error?: string
  errorDetail?: { message?: string }
}

/** Reads an answer to its end. @throws EngineError for a failure that it tells of */
export async function followProgress(answer: Readable, tell: OnProgress): Promise<void> {
  for await (const { stream, error, errorDetail, status, ...rest } of jsonLines<Line>(answer)) {
    if (error !== undefined) throw new EngineError('internal', errorDetail?.message || error)
    if (stream !== undefined) tell({ status: stream.replace(/\n$/, '') })
    else if (status !== undefined) tell({ ...rest, status })
  }
}

export function showProgress(screen: Screen, quiet = false): Progress {
  if (quiet) return { tell: () => {}, [Symbol.dispose]: () => {} }
  if (!screen.size())
    return { tell: (message) => screen.write(plainLine(message)), [Symbol.dispose]: () => {} }
  return new Redrawn(screen)
}

/** Nothing for a step of a download: only what begins and ends is worth a line in a log. */
export function plainLine({ id, status, progressDetail }: ProgressMessage): string {
  if (progressDetail && ((progressDetail.current ?? 0) > 0 || (progressDetail.total ?? 0) > 0)) return ''
  return id === undefined ? `${status}\n` : `${id}: ${status}\n`
}

class Redrawn implements Progress {
  readonly #screen: Screen
  /** The last of each id, in the order in which they came. */
  readonly #lines = new Map<string, ProgressMessage>()
  /** How many lines of ours the cursor stands below. */
  #drawn = 0
  #timer: NodeJS.Timeout | undefined

  constructor(screen: Screen) {
    this.#screen = screen
  }

  readonly tell: OnProgress = (message) => {
    if (message.id === undefined) {
      // It belongs below what is there, and what comes next below it.
      this.#settle()
      this.#screen.write(`${message.status}\n`)
      return
    }
    this.#lines.set(message.id, message)
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#draw(false)
    }, interval)
  };

  /** Leaves the lines as they are now. */
  [Symbol.dispose](): void {
    this.#settle()
  }

  #settle(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#draw(true)
    this.#lines.clear()
    this.#drawn = 0
  }

  #draw(final: boolean): void {
    const { columns, rows } = this.#screen.size() ?? { columns: 80, rows: 24 }
    const all = [...this.#lines.values()]
    const most = Math.max(rows - 2, 1)
    const shown = final || all.length <= most ? all : busiest(all, most)
    const lines = shown.map((message) => progressLine(message, columns))
    if (shown.length < all.length) lines.push(`${all.length - shown.length} more`.slice(0, columns - 1))
    // Up to our first line, then each line over the old one; what is left below goes.
    const up = this.#drawn > 0 ? `\x1b[${this.#drawn}A` : ''
    const text = lines.map((line) => `\r${line}\x1b[K\n`).join('')
    if (lines.length > 0 || this.#drawn > 0) this.#screen.write(`${up}${text}\x1b[J`)
    this.#drawn = lines.length
  }
}

/** Those that move, then those that wait, then those that are done; all in their order. */
function busiest(all: readonly ProgressMessage[], most: number): ProgressMessage[] {
  const rank = ({ status, progressDetail }: ProgressMessage): number => {
    if ((progressDetail?.current ?? 0) > 0) return 0
    return /complete$|exists$|^Pushed|^Mounted/.test(status) ? 2 : 1
  }
  const chosen = new Set(all.toSorted((a, b) => rank(a) - rank(b)).slice(0, most))
  return all.filter((message) => chosen.has(message))
}
