// The search's index: made in the browser from the words of the lessons, when
// somebody searches for the first time. Nothing leaves the machine.
//
// Chinese has no spaces between words. It is cut into single characters and pairs
// of them, as search engines for it do; a query's pairs must all be there.
import MiniSearch, { type SearchResult } from 'minisearch'
import type { Language } from '../../lessons/language/language.ts'
import type { SearchDocument } from '../search-documents.ts'

export interface Found {
  id: string
  title: string
  within: string
  /** The text around the first word that was found, cut at the words: every second part is one that was found. */
  excerpt: string[]
}

const han = /\p{Script=Han}+/gu

/** `pivot_root("."), 命名空间` -> pivot_root, pivot, root, 命, 命名, 名, 名空, 空, 空间, 间 */
export function tokens(text: string): string[] {
  const found: string[] = []
  for (const [word] of text.matchAll(/[\p{L}\p{N}_./-]+/gu)) {
    for (const [run] of word.matchAll(han)) {
      const characters = [...run]
      for (const [index, one] of characters.entries()) {
        found.push(one)
        const next = characters[index + 1]
        if (next !== undefined) found.push(one + next)
      }
    }
    for (const latin of word.split(han)) {
      const trimmed = latin.replaceAll(/^[./-]+|[./-]+$/g, '')
      if (trimmed === '') continue
      found.push(trimmed)
      const parts = trimmed.split(/[_./-]+/).filter(Boolean)
      if (parts.length > 1) found.push(...parts)
    }
  }
  return found
}

/** Of a query: whole words and pairs only. Parts and single characters would find nearly everything. */
export function queryTokens(text: string): string[] {
  const found: string[] = []
  for (const [word] of text.matchAll(/[\p{L}\p{N}_./-]+/gu)) {
    for (const [run] of word.matchAll(han)) {
      const characters = [...run]
      if (characters.length === 1) found.push(run)
      for (const [index, one] of characters.entries()) {
        const next = characters[index + 1]
        if (next !== undefined) found.push(one + next)
      }
    }
    for (const latin of word.split(han)) {
      const trimmed = latin.replaceAll(/^[./-]+|[./-]+$/g, '')
      if (trimmed !== '') found.push(trimmed)
    }
  }
  return found
}

export class LessonSearch {
  readonly #documents: Map<string, SearchDocument>
  readonly #index = new MiniSearch<SearchDocument>({
    fields: ['title', 'within', 'text'],
    tokenize: tokens,
    searchOptions: {
      tokenize: queryTokens,
      combineWith: 'AND',
      boost: { title: 4, within: 2 },
      prefix: (term) => /^[\x20-\x7e]+$/.test(term),
      fuzzy: (term) => (/^[a-z]{5,}$/i.test(term) ? 0.2 : false),
    },
  })

  constructor(documents: readonly SearchDocument[]) {
    this.#documents = new Map(documents.map((one) => [one.id, one]))
    this.#index.addAll([...documents])
  }

  find(query: string): Found[] {
    return this.#index
      .search(query)
      .slice(0, 30)
      .flatMap((result) => {
        const document = this.#documents.get(String(result.id))
        return document ? [{ ...document, excerpt: excerpt(document.text, result) }] : []
      })
  }
}

/** About 120 characters around the first word found. */
function excerpt(text: string, { terms }: SearchResult): string[] {
  const flat = text.replaceAll(/\s+/g, ' ')
  const escaped = [...terms]
    .sort((a, b) => b.length - a.length)
    .map((term) => term.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&'))
  const pattern = new RegExp(`(${escaped.join('|')})`, 'giu')
  const start = Math.max(0, flat.search(pattern) - 40)
  const piece = flat.slice(start, start + 130)
  return `${start > 0 ? '… ' : ''}${piece}`.split(pattern)
}

let loading: { language: Language; search: Promise<LessonSearch> } | undefined

/** The index of the page's language; the words come over the wire once. */
export function loadSearch(language: Language): Promise<LessonSearch> {
  if (loading?.language === language) return loading.search
  const words = language === 'zh' ? import('../search-zh.data.ts') : import('../search-en.data.ts')
  loading = { language, search: words.then(({ data }) => new LessonSearch(data)) }
  return loading.search
}
