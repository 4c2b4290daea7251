// The answer of a verb that takes long: one JSON object a line, as they come. The status
// goes out with the first line; a failure before it is an ordinary error, one after it is a
// line of its own, since 200 has been said:
//
//   {"errorDetail":{"message":"connection refused"},"error":"connection refused"}
//
// Called by the routes of pull, push, load and import.
import type { Writable } from 'node:stream'
import type { ProgressMessage } from '../../api/progress.ts'
import { errorLine } from '../../errors.ts'
import type { Exchange } from './exchange.ts'

/** What stands in such a line besides progress: a text of the command's output, or a result for programs. */
type Line = ProgressMessage | { stream: string } | { aux: object; progressDetail: object }

export class ProgressStream {
  readonly #exchange: Exchange
  #out: Writable | undefined

  constructor(exchange: Exchange) {
    this.#exchange = exchange
  }

  readonly tell = (line: Line): void => {
    this.#out ??= this.#exchange.stream(200, 'application/json')
    // A client that does not read: what is told meanwhile is of no use to it later.
    if (this.#out.writableNeedDrain && 'progressDetail' in line && !('aux' in line)) return
    this.#out.write(`${JSON.stringify(line)}\r\n`)
  }

  /** Does the work, and ends the answer with it. @throws what it throws, when nothing has been said yet */
  async run(work: () => Promise<void>): Promise<void> {
    try {
      await work()
      this.#out ??= this.#exchange.stream(200, 'application/json')
    } catch (error) {
      if (this.#out === undefined) throw error
      const message = errorLine(error)
      this.#out.write(`${JSON.stringify({ errorDetail: { message }, error: message })}\r\n`)
    }
    this.#out.end()
  }
}
