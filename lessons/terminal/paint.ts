// Bold, dim and colours, for whoever writes to standard output here: the list of
// lessons, the text of a step, the live views.
//
// On a terminal only: a pipe gets the bare text. NO_COLOR (no-color.org) takes
// the colours and leaves the rest: bold is no colour.
import { styleText } from 'node:util'

export type Style = Parameters<typeof styleText>[0]

const attributes = new Set(['bold', 'dim', 'italic', 'underline', 'inverse', 'strikethrough'])

export function paint(style: Style, text: string): string {
  if (process.stdout.isTTY !== true || text === '') return text
  const wanted = [style].flat().filter((one) => coloured() || attributes.has(one))
  return wanted.length === 0 ? text : styleText(wanted, text, { validateStream: false })
}

export function coloured(): boolean {
  return process.stdout.isTTY === true && !process.env.NO_COLOR
}
