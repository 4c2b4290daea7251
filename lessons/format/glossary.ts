// The words of this field: lessons/content/glossary.yaml, and where a text uses them.
//
// The site marks the first use of a word in each step and explains it there; the
// terminal prints the list; both have all of it on one page.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import type { Language } from '../language/language.ts'
import { contentDirectory } from './catalogue.ts'

const glossarySchema = z.array(
  z.strictObject({
    id: z.string().regex(/^[a-z0-9-]+$/),
    term: z.string(),
    /** Other names and spellings, such as the plural. */
    aliases: z.array(z.string()).default([]),
    definition: z.string(),
    link: z.url({ protocol: /^https$/ }),
    zh: z.strictObject({
      term: z.string(),
      aliases: z.array(z.string()).default([]),
      definition: z.string(),
    }),
  }),
)

export interface Entry {
  id: string
  term: string
  aliases: string[]
  definition: string
  /** A man page, or a page of the kernel's documentation or of a specification. */
  link: string
  /** The English word beside a Chinese one, where they differ. */
  english?: string
}

/** All entries, by their words in that language. A content directory of somebody's own may have none. */
export async function glossary(language: Language): Promise<Entry[]> {
  const text = await readFile(join(contentDirectory(), 'glossary.yaml'), 'utf8').catch(() => '[]')
  const entries = glossarySchema.parse(parseYaml(text)).map(({ zh, ...entry }): Entry => {
    if (language === 'en') return entry
    const english = entry.term === zh.term ? {} : { english: entry.term }
    // Chinese texts say many of these words in English.
    const aliases = [...zh.aliases, entry.term, ...entry.aliases].filter((one) => one !== zh.term)
    return { ...entry, ...zh, aliases, ...english }
  })
  const collator = new Intl.Collator(language)
  return entries.sort((a, b) => collator.compare(a.term, b.term))
}

/** The entry of that name: its id, its word, or another spelling of it. */
export function findEntry(entries: readonly Entry[], name: string): Entry | undefined {
  const wanted = name.toLowerCase()
  return entries.find(({ id, term, aliases, english }) =>
    [id, term, ...aliases, english ?? ''].some((one) => one.toLowerCase() === wanted),
  )
}

export interface Use {
  id: string
  from: number
  to: number
}

/** Finds the words of the glossary in a text. */
export class TermFinder {
  readonly #ids = new Map<string, string>()
  readonly #pattern: RegExp

  constructor(entries: readonly Entry[]) {
    for (const { id, term, aliases } of entries)
      for (const name of [term, ...aliases]) this.#ids.set(name.toLowerCase(), id)
    // The longest first: "bind mount" is not a mount.
    const names = [...this.#ids.keys()].sort((a, b) => b.length - a.length).map(bounded)
    this.#pattern = new RegExp(names.length === 0 ? '$^' : names.join('|'), 'giu')
  }

  /** Every use, in order; they do not overlap. */
  find(text: string): Use[] {
    return [...text.matchAll(this.#pattern)].map((match) => ({
      id: this.#ids.get(match[0].toLowerCase()) ?? '',
      from: match.index,
      to: match.index + match[0].length,
    }))
  }
}

/** Latin words end where no letter follows; Chinese has no spaces between words. */
function bounded(name: string): string {
  const escaped = name.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&')
  const before = /^[\x20-\x7e]/.test(name) ? String.raw`(?<![\w./-])` : ''
  const after = /[\x20-\x7e]$/.test(name) ? String.raw`(?![\w/-]|\.\w)` : ''
  return before + escaped + after
}
