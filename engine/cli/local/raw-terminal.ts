// Our terminal as a wire: what is typed goes out as it is, what comes is shown as it is. The
// terminal in the container does all the rest.
//
// Node's raw mode leaves one thing on, that a line feed becomes a carriage return and one
// (OPOST, ONLCR): of a program that has switched it off in there, an editor say, each line
// would begin in the first column.
import { keepOutput } from '../../syscalls/terminal.ts'

/** @returns what makes it a terminal again */
export function makeRaw(): Disposable {
  process.stdin.setRawMode(true)
  keepOutput(0)
  return { [Symbol.dispose]: () => void process.stdin.setRawMode(false) }
}
