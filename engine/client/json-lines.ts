// An answer that is one JSON object after the other: progress, events, statistics.
import type { Readable } from 'node:stream'
import { EngineError } from '../errors.ts'

/**
 * @param read of one line; JSON.parse, unless its numbers are too large for that
 * @throws EngineError `internal` for a line that is no JSON: the daemon broke off in the middle of it
 */
export async function* jsonLines<T>(
  answer: Readable,
  read: (line: string) => T = (line) => JSON.parse(line) as T,
): AsyncGenerator<T, void> {
  let rest = ''
  answer.setEncoding('utf8')
  for await (const chunk of answer) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.trim() !== '') yield parse(line, read)
  }
  if (rest.trim() !== '') yield parse(rest, read)
}

function parse<T>(line: string, read: (line: string) => T): T {
  try {
    return read(line)
  } catch (cause) {
    throw new EngineError('internal', `the daemon's answer broke off: ${line.slice(0, 200)}`, { cause })
  }
}
