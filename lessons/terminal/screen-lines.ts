// What a terminal's emulator shows -> lines with escape sequences, one per row.
//
// The learner's terminal is drawn inside ours, so its colours and attributes are
// written again, cell by cell; equal neighbours share one sequence.
import type { IBufferCell, Terminal } from '@xterm/headless'

export interface ScreenOptions {
  /** Show where the cursor is. */
  cursor: boolean
}

/** The visible rows of `terminal`, top first. */
export function screenLines(terminal: Terminal, { cursor }: ScreenOptions): string[] {
  const buffer = terminal.buffer.active
  const lines: string[] = []
  for (let row = 0; row < terminal.rows; row++) {
    const line = buffer.getLine(buffer.baseY + row)
    let out = ''
    let style = ''
    for (let column = 0; column < terminal.cols; column++) {
      const cell = line?.getCell(column)
      // The right half of a wide character has no width of its own.
      if (!cell || cell.getWidth() === 0) continue
      const here = cursor && row === buffer.cursorY && column === buffer.cursorX
      const next = `${sgr(cell)}${here ? ';7' : ''}`
      if (next !== style) {
        out += `\x1b[0${next}m`
        style = next
      }
      out += cell.getChars() || ' '
    }
    lines.push(style === '' ? out : `${out}\x1b[0m`)
  }
  return lines
}

/** Parameters of SGR (ECMA-48 8.3.117) for a cell, each with a leading semicolon; empty for a plain one. */
function sgr(cell: IBufferCell): string {
  let codes = ''
  if (cell.isBold()) codes += ';1'
  if (cell.isDim()) codes += ';2'
  if (cell.isItalic()) codes += ';3'
  if (cell.isUnderline()) codes += ';4'
  if (cell.isInverse()) codes += ';7'
  if (cell.isStrikethrough()) codes += ';9'
  if (process.env.NO_COLOR) return codes
  if (cell.isFgPalette()) codes += `;38;5;${cell.getFgColor()}`
  if (cell.isFgRGB()) codes += `;38;2;${rgb(cell.getFgColor())}`
  if (cell.isBgPalette()) codes += `;48;5;${cell.getBgColor()}`
  if (cell.isBgRGB()) codes += `;48;2;${rgb(cell.getBgColor())}`
  return codes
}

function rgb(colour: number): string {
  return `${(colour >> 16) & 255};${(colour >> 8) & 255};${colour & 255}`
}
