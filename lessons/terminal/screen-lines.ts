// What a terminal's emulator shows -> lines with escape sequences, one per row.
//
// The learner's terminal is drawn inside ours, so its colours and attributes are
// written again, cell by cell; equal neighbours share one sequence.
import type { IBufferCell, Terminal } from '@xterm/headless'
import stringWidth from 'string-width'

export interface ScreenOptions {
  /** Show where the cursor is. */
  cursor: boolean
}

/** The visible rows of `terminal`, top first. */
export function screenLines(terminal: Terminal, { cursor }: ScreenOptions): string[] {
  const buffer = terminal.buffer.active
  const lines: string[] = []
  // One object for all cells: a screen has thousands, thirty times a second.
  const reused = buffer.getNullCell()
  for (let row = 0; row < terminal.rows; row++) {
    const line = buffer.getLine(buffer.baseY + row)
    let out = ''
    let last = ''
    for (let column = 0; column < terminal.cols; column++) {
      const cell = line?.getCell(column, reused)
      // The right half of a wide character has no width of its own.
      if (!cell || cell.getWidth() === 0) continue
      const here = cursor && row === buffer.cursorY && column === buffer.cursorX
      const style = sgr(cell, here)
      if (style !== last) {
        out += `\x1b[0${style}m`
        last = style
      }
      out += shown(cell)
    }
    lines.push(last === '' ? out : `${out}\x1b[0m`)
  }
  return lines
}

/**
 * The cell's character. One that the terminal around us would draw wider than the
 * program thinks it is (some emoji) would push the border out of its place.
 */
function shown(cell: IBufferCell): string {
  const text = cell.getChars()
  if (text === '' || cell.isInvisible()) return ' '.repeat(cell.getWidth())
  const plain = text.length === 1 && text < '\x7f'
  return plain || stringWidth(text) === cell.getWidth() ? text : '▯'.padEnd(cell.getWidth())
}

/** Parameters of SGR (ECMA-48 8.3.117) for a cell, each with a leading semicolon; empty for a plain one. */
function sgr(cell: IBufferCell, cursor: boolean): string {
  let codes = ''
  if (cell.isBold()) codes += ';1'
  if (cell.isDim()) codes += ';2'
  if (cell.isItalic()) codes += ';3'
  if (cell.isUnderline()) codes += ';4'
  if (cell.isBlink()) codes += ';5'
  // On what is inverse already the cursor is plain: either way it can be seen.
  if (Boolean(cell.isInverse()) !== cursor) codes += ';7'
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
