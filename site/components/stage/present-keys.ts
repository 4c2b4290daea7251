// The keys of a presentation. What clickers send (PgDn, PgUp, `.`, F5) works from
// everywhere, also while the terminal has the focus; letters only from the text.
import type { KeyPlace, KeyStroke } from '../lesson-keys.ts'

export type PresentAction =
  | 'next'
  | 'previous'
  | 'run'
  | 'reveal'
  | 'skip'
  | 'reset'
  | 'terminal'
  | 'notes'
  | 'class'
  | 'fullscreen'
  | 'larger'
  | 'smaller'
  | 'plain'
  | 'blank'
  | 'timer'
  | 'help'
  | 'up'
  | 'down'

const everywhere: Readonly<Record<string, PresentAction>> = {
  PageDown: 'next',
  PageUp: 'previous',
  // "Start the show" on many clickers; the browser would load the page anew.
  F5: 'fullscreen',
}

const inText: Readonly<Record<string, PresentAction>> = {
  ArrowRight: 'next',
  ' ': 'next',
  ArrowLeft: 'previous',
  ArrowDown: 'down',
  ArrowUp: 'up',
  Enter: 'run',
  r: 'run',
  R: 'reset',
  v: 'reveal',
  '.': 'reveal',
  B: 'reveal',
  s: 'skip',
  n: 'notes',
  c: 'class',
  f: 'fullscreen',
  '+': 'larger',
  '=': 'larger',
  '-': 'smaller',
  '0': 'plain',
  b: 'blank',
  t: 'timer',
  '?': 'help',
}

/** What a stroke means there; undefined when it is none of ours. */
export function presentAction(stroke: KeyStroke, place: KeyPlace): PresentAction | undefined {
  const { key, code, ctrlKey, metaKey, altKey, shiftKey } = stroke
  if (place === 'field' || place === 'editor') return undefined
  if (ctrlKey && !altKey && code === 'Backquote') return 'terminal'
  if (ctrlKey && !altKey && !metaKey && key === 'Enter') return 'run'
  if (ctrlKey || metaKey || altKey) return undefined
  // Shift+PgUp scrolls the terminal back.
  if (everywhere[key] && !(place === 'terminal' && shiftKey)) return everywhere[key]
  return place === 'text' ? inText[key] : undefined
}
