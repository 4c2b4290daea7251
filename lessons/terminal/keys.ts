// Bytes from the keyboard -> what they mean: names of keys for the lesson's side
// of the screen, and for the terminal's side the bytes that its program expects.
//
// Called by ui.tsx. Pure.

const sequences: Readonly<Record<string, string>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\t': 'tab',
  '\x1b[A': 'up',
  '\x1bOA': 'up',
  '\x1b[B': 'down',
  '\x1bOB': 'down',
  '\x1b[C': 'right',
  '\x1bOC': 'right',
  '\x1b[D': 'left',
  '\x1bOD': 'left',
  '\x1b[5~': 'pageup',
  '\x1b[6~': 'pagedown',
  '\x1b[H': 'home',
  '\x1b[F': 'end',
  '\x1b[1~': 'home',
  '\x1b[4~': 'end',
  '\x1b[Z': 'shift-tab',
  '\x1b': 'escape',
  '\x03': 'ctrl-c',
  '\x14': 'ctrl-t',
}

/** Switches between lesson and terminal. A readline function that nobody uses gives way to it. */
export const switchKey = '\x14'

const sequence = /^\x1b(?:\[[0-9;?]*[A-Za-z~]|O[A-Z])?|^[\s\S]/u

/** Names of the keys in `data`, in order; a printable key is itself. */
export function readKeys(data: string): string[] {
  const keys: string[] = []
  for (let at = 0; at < data.length; ) {
    const found = sequence.exec(data.slice(at))?.[0] ?? data.charAt(at)
    keys.push(sequences[found] ?? found)
    at += found.length
  }
  return keys
}

/**
 * What the keyboard sent, as the program in the terminal expects it. Our own
 * terminal is in its normal mode, where ↑ is `ESC [ A`; a program that switched
 * its terminal to application mode (less, nano, htop) knows `ESC O A` only.
 */
export function forProgram(data: string, modes: { applicationCursorKeysMode: boolean }): string {
  return modes.applicationCursorKeysMode ? data.replaceAll(/\x1b\[([ABCDHF])/g, '\x1bO$1') : data
}
