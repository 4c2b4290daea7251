// What the search can find: each step of each lesson, and each word of the
// glossary, as plain text with the address to go to. Read at build time.
//
// Lesson pages get their text as data, so VitePress' own search, which reads
// Markdown files, would find nothing in them.
import { modules } from '../lessons/format/catalogue.ts'
import { glossary } from '../lessons/format/glossary.ts'
import type { Block } from '../lessons/format/lesson.ts'
import type { Language } from '../lessons/language/language.ts'

export interface SearchDocument {
  /** Address within the language: `/lessons/unshare-pid#enter`. */
  id: string
  /** The step's title, or the word. */
  title: string
  /** The lesson's title. */
  within: string
  text: string
}

export async function searchDocuments(language: Language): Promise<SearchDocument[]> {
  const lessons = (await modules(language)).flatMap((module) => module.lessons)
  const steps = lessons.flatMap((lesson) => [
    {
      id: `/lessons/${lesson.slug}`,
      title: lesson.title,
      within: '',
      text: [lesson.summary, lesson.slug, ...[...lesson.intro, ...lesson.outro].map(words)].join('\n'),
    },
    ...lesson.steps.map((step) => ({
      id: `/lessons/${lesson.slug}#${step.id}`,
      title: bare(step.title),
      within: lesson.title,
      text: step.blocks.map(words).filter(Boolean).join('\n'),
    })),
  ])
  const terms = (await glossary(language)).map(({ id, term, aliases, definition }) => ({
    id: `/glossary#${id}`,
    title: term,
    within: '',
    text: `${definition}\n${aliases.join(' ')}`,
  }))
  return [...steps, ...terms]
}

/** A block as words. Hints, solutions and answers stay hidden: a search should not tell them. */
function words(block: Block): string {
  switch (block.type) {
    case 'run':
      return block.command
    case 'check':
      return bare(block.title)
    case 'predict':
      return bare([block.question, ...block.options.map((option) => option.text)].join('\n'))
    case 'exercise':
      return bare(`${block.title}\n${block.markdown}`)
    case 'source':
      return bare(`${block.markdown}\n${block.file}\n${block.code}`)
    case 'prose':
    case 'watch':
      return bare(block.markdown)
    default:
      return ''
  }
}

/** Markdown without its marks. */
function bare(markdown: string): string {
  return markdown
    .replaceAll(/\[([^\]]+)\]\([^)]*\)/g, '$1')
    .replaceAll(/(\*\*|`{1,4}(?:\w+\n)?|^#+ |^> ?|^[-*] )/gm, '')
    .trim()
}
