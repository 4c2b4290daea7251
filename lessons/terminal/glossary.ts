// `learn-containers glossary`: the words of this field, one or all. In a lesson,
// `g` shows those of the step.
import { type Entry, findEntry, glossary, TermFinder } from '../format/glossary.ts'
import type { Step } from '../format/lesson.ts'
import type { Language } from '../language/language.ts'
import { terminalWords } from '../language/terminal.ts'
import { paint } from './paint.ts'
import { wrap } from './wrapping.ts'

/** An entry in a width: the word, what it means, where that is written. */
export function entryLines(entry: Entry, width: number): string[] {
  const { term, english, definition, link } = entry
  const head =
    english === undefined ? paint('bold', term) : `${paint('bold', term)}  ${paint('dim', english)}`
  const text = wrap(definition.replaceAll('`', ''), Math.min(100, width - 2))
  return [head, ...text.map((line) => `  ${line}`), `  ${paint('dim', link)}`]
}

/** Entries whose words stand in the prose of a step, in their order there. */
export function entriesIn(step: Step, entries: readonly Entry[]): Entry[] {
  const finder = new TermFinder(entries)
  const found = step.blocks.flatMap((block) =>
    block.type === 'prose' ? finder.find(block.markdown.replaceAll(/`[^`]*`/g, '')) : [],
  )
  return [...new Set(found.map(({ id }) => id))].flatMap((id) => entries.find((one) => one.id === id) ?? [])
}

/** Prints the entry of that name, or all. @throws when there is none */
export async function printGlossary(
  name: string | undefined,
  language: Language,
  print: (line: string) => void,
): Promise<void> {
  const entries = await glossary(language)
  const one = name === undefined ? undefined : findEntry(entries, name)
  if (name !== undefined && !one) throw new Error(terminalWords[language].glossary.none(name))
  const width = process.stdout.columns || 80
  for (const entry of one ? [one] : entries) print(`${entryLines(entry, width).join('\n')}\n`)
}
