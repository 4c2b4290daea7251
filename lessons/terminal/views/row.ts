// A line of a live view: pieces with styles, cut where the width ends.
//
// Every view is drawn from these, so that no name, however long or wide, pushes
// the border of its pane.
import stringWidth from 'string-width'
import { paint, type Style } from '../paint.ts'

export type Piece = string | readonly [text: string, style: Style]

/** The pieces side by side, `width` cells at most. */
export function row(width: number, ...pieces: readonly Piece[]): string {
  let room = width
  let line = ''
  for (const piece of pieces) {
    const [text, style] = typeof piece === 'string' ? [piece, undefined] : piece
    const shown = clip(text, room)
    room -= stringWidth(shown)
    line += style === undefined ? shown : paint(style, shown)
    if (shown !== text) break
  }
  return line
}

/** As much of a text as fits, with `…` where something is missing. */
export function clip(text: string, width: number): string {
  if (width <= 0) return ''
  if (stringWidth(text) <= width) return text
  let out = ''
  for (const one of text) {
    if (stringWidth(out + one) > width - 1) break
    out += one
  }
  return `${out}…`
}

/** A text in a column: exactly `width` cells. */
export function cell(text: string, width: number, side: 'left' | 'right' = 'left'): string {
  const shown = clip(text, width)
  const space = ' '.repeat(Math.max(0, width - stringWidth(shown)))
  return side === 'left' ? shown + space : space + shown
}

const colours = ['yellow', 'cyan', 'magenta', 'green', 'red', 'blue'] as const

/** The colour of a letter (A, B, …) or of a layer's number (0, 1, …). */
export function colourOf(mark: string | number): (typeof colours)[number] {
  const index = typeof mark === 'number' ? mark : mark.charCodeAt(0) - 65
  return colours[(index + 60) % colours.length] ?? 'yellow'
}
