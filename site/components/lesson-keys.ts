// The keys of a lesson page. The terminal and the editor own most of the keyboard
// while they have the focus; what works from there too is what no shell uses.

import type { SiteWords } from '../../lessons/language/site.ts'

/** What each does is a word of lessons/language/site.ts. */
export const keys: readonly { strokes: readonly string[]; does: keyof SiteWords['keys'] }[] = [
  { strokes: ['Ctrl Enter'], does: 'run' },
  { strokes: ['Alt ↓', 'j'], does: 'next' },
  { strokes: ['Alt ↑', 'k'], does: 'previous' },
  { strokes: ['Ctrl `'], does: 'terminal' },
  { strokes: ['Ctrl S'], does: 'save' },
  { strokes: ['p'], does: 'present' },
  { strokes: ['/', 'Ctrl K'], does: 'search' },
  { strokes: ['?'], does: 'help' },
]

export type KeyAction = 'run' | 'next' | 'previous' | 'terminal' | 'present' | 'help'

/** Where the keyboard's focus is: the terminal and fields take letters for themselves. */
export type KeyPlace = 'text' | 'field' | 'terminal' | 'editor'

export interface KeyStroke {
  key: string
  /** The physical key: Ctrl+` has another letter on many keyboards. */
  code: string
  ctrlKey: boolean
  metaKey: boolean
  altKey: boolean
  shiftKey: boolean
}

/** What a stroke means there; undefined when it is none of ours. */
export function keyAction(stroke: KeyStroke, place: KeyPlace): KeyAction | undefined {
  const { key, code, ctrlKey, metaKey, altKey } = stroke
  if (ctrlKey && !altKey && code === 'Backquote') return 'terminal'
  // In the editor these two insert a line and move one.
  if (place === 'editor') return undefined
  if ((ctrlKey || metaKey) && key === 'Enter') return 'run'
  if (altKey && !ctrlKey && !metaKey && key === 'ArrowDown') return 'next'
  if (altKey && !ctrlKey && !metaKey && key === 'ArrowUp') return 'previous'
  if (place !== 'text' || ctrlKey || altKey || metaKey) return undefined
  if (key === 'j') return 'next'
  if (key === 'k') return 'previous'
  if (key === 'p') return 'present'
  if (key === '?') return 'help'
  return undefined
}

/** Where an element is, for keyAction(). */
export function keyPlace(element: Element | null): KeyPlace {
  if (element?.closest('.xterm')) return 'terminal'
  if (element?.closest('.monaco-editor')) return 'editor'
  if (element?.closest('input, textarea, select, dialog')) return 'field'
  return 'text'
}
