// One line of a pull, push or load, as Docker draws it, cut to the width of the terminal:
//
//   4fe2ade4980c: Downloading [==========>              ]  1.234MB/3.456MB
//
// Pure.
import type { ProgressMessage } from '../../api/progress.ts'
import { humanSize } from './size.ts'

/** Docker's bar has 50 characters; a narrower one says as much, and one below 10 nothing. */
const mostBar = 50
const leastBar = 10

/** @param columns of the terminal; the line has less, so that no terminal begins a new one */
export function progressLine({ id, status, progressDetail }: ProgressMessage, columns: number): string {
  const start = id === undefined ? status : `${id}: ${status}`
  const most = Math.max(columns - 1, 1)
  const { current = 0, total = 0 } = progressDetail ?? {}
  if (current <= 0 && total <= 0) return start.slice(0, most)
  const numbers =
    total > 0 && current <= total
      ? `${humanSize(current).padStart(8)}/${humanSize(total)}`
      : humanSize(current).padStart(8)
  // As if all had the longest of status and numbers, so that the bars of several layers are as long.
  const room = Math.min(most - Math.max(start.length, 25) - Math.max(numbers.length, 17) - 4, mostBar)
  const bar = total > 0 && room >= leastBar ? `${drawBar(Math.min(current / total, 1), room)} ` : ''
  const line = `${start} ${bar}${numbers}`
  // What is going on counts more than how much of it, when there is room for one.
  return line.length <= most ? line : start.slice(0, most)
}

function drawBar(part: number, width: number): string {
  const done = Math.floor(part * width)
  return `[${'='.repeat(done)}>${' '.repeat(width - done)}]`
}
