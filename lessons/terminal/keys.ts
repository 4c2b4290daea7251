// Bytes from the keyboard -> names of keys, for the lesson's side of the screen.
// In a terminal's side bytes go through untouched, so this file never sees them.

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
  '\x1b[Z': 'shift-tab',
  '\x1b': 'escape',
  '\x03': 'ctrl-c',
  '\x14': 'ctrl-t',
}

/** Switches between lesson and terminal. A readline function that nobody uses gives way to it. */
export const switchKey = '\x14'

/** Names of the keys in `data`, in order; a printable key is itself. */
export function readKeys(data: string): string[] {
  const keys: string[] = []
  for (let at = 0; at < data.length; ) {
    const sequence = /^\x1b(?:\[[0-9;]*[A-Za-z~]|O[A-Z])?/.exec(data.slice(at))?.[0] ?? data[at] ?? ''
    keys.push(sequences[sequence] ?? sequence)
    at += sequence.length
  }
  return keys
}
