// Long work, shown: one line that is redrawn on a terminal, plain lines elsewhere.
import type { Progress } from './sandbox.ts'

export class ProgressLine {
  readonly #stream: NodeJS.WriteStream
  #last = ''
  #ended = false

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream
  }

  show(progress: Progress): void {
    if (this.#ended) return
    if (this.#stream.isTTY) {
      this.#stream.write(`\r\x1b[2K${progressText(progress)}`.slice(0, this.#stream.columns + 4))
    } else if (progress.task !== this.#last) {
      this.#stream.write(`${progress.task} …\n`)
    }
    this.#last = progress.task
  }

  clear(): void {
    if (this.#stream.isTTY && this.#last !== '') this.#stream.write('\r\x1b[2K')
  }

  /** The screen is somebody else's from here on. */
  end(): void {
    if (!this.#ended) this.clear()
    this.#ended = true
  }
}

/** `[######----] 4/9 installing kernel and tools`. */
export function progressText({ task, done, total }: Progress): string {
  if (done === undefined || !total) return task
  const width = 24
  const filled = Math.round((done / total) * width)
  return `${'━'.repeat(filled)}${'─'.repeat(width - filled)} ${done}/${total} ${task}`
}
