// A lesson as a page needs it: the typed lesson, and its prose as HTML made at
// build time, so that the text is there before any script runs.
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createMarkdownRenderer, type MarkdownRenderer } from 'vitepress'
import type { Module } from '../lessons/format/catalogue.ts'
import { modules } from '../lessons/format/catalogue.ts'
import { type Entry, glossary, TermFinder } from '../lessons/format/glossary.ts'
import type { Block, Lesson } from '../lessons/format/lesson.ts'
import type { Language } from '../lessons/language/language.ts'
import type { MarkEnvironment } from './glossary-marks.ts'
import { markdown } from './markdown.ts'

interface LessonLink {
  slug: string
  title: string
  summary: string
}

export interface LessonView {
  lesson: Lesson
  /** Block id -> HTML; `intro`, `outro`, and `<id>/option-<n>` too. */
  html: Record<string, string>
  /** What the marked words mean. */
  terms: Record<string, Pick<Entry, 'term' | 'definition' | 'link' | 'english'>>
  module: { id: string; title: string; lessons: { slug: string; steps: string[] }[] }
  previous?: LessonLink
  next?: LessonLink
  /** Lessons that name this one in their `after`, without the next; and those that this one names. */
  leads: LessonLink[]
  after: LessonLink[]
}

let renderer: Promise<MarkdownRenderer> | undefined

/** Every lesson as its page needs it, in the order of the modules. */
export async function lessonViews(language: Language): Promise<LessonView[]> {
  const [all, entries] = await Promise.all([modules(language), glossary(language)])
  const lessons = all.flatMap((module) =>
    module.lessons.map((lesson) => ({ lesson: withoutNotes(lesson), module })),
  )
  renderer ??= createMarkdownRenderer(dirname(fileURLToPath(import.meta.url)), markdown, '/')
  const made = await renderer
  const finders = { en: new TermFinder(await glossary('en')), zh: new TermFinder(await glossary('zh')) }
  return lessons.map(({ lesson, module }, index) => {
    const { html, seen } = renderLesson(lesson, made, finders[lesson.language])
    // Into the page's language: a lesson's own words know nothing of /zh/.
    if (language === 'zh')
      for (const [id, text] of Object.entries(html))
        html[id] = text.replaceAll(/href="\/(lessons|modules|glossary)\b/g, 'href="/zh/$1')
    const [previous, next] = [link(lessons[index - 1]?.lesson), link(lessons[index + 1]?.lesson)]
    const named = (slugs: (other: Lesson) => boolean): LessonLink[] =>
      lessons.flatMap(({ lesson: other }) => (slugs(other) ? (link(other) ?? []) : []))
    return {
      ...{ lesson, html, module: moduleLink(module) },
      terms: Object.fromEntries(
        entries
          .filter(({ id }) => seen.has(id))
          .map(({ id, term, definition, link, english }) => [
            id,
            { term, definition, link, ...(english === undefined ? {} : { english }) },
          ]),
      ),
      ...(previous ? { previous } : {}),
      ...(next ? { next } : {}),
      leads: named((other) => other.after.includes(lesson.slug) && other.slug !== next?.slug),
      after: named((other) => lesson.after.includes(other.slug)),
    }
  })
}

/** Notes are the instructor's: a page that everybody can read must not have them, seen or unseen. */
function withoutNotes(lesson: Lesson): Lesson {
  const keep = (blocks: Block[]): Block[] => blocks.filter((block) => block.type !== 'note')
  return { ...lesson, steps: lesson.steps.map((step) => ({ ...step, blocks: keep(step.blocks) })) }
}

function link(lesson: Lesson | undefined): LessonLink | undefined {
  return lesson && { slug: lesson.slug, title: lesson.title, summary: lesson.summary }
}

function moduleLink({ id, title, lessons }: Module): LessonView['module'] {
  return {
    ...{ id, title },
    lessons: lessons.map(({ slug, steps }) => ({ slug, steps: steps.map((step) => step.id) })),
  }
}

function renderLesson(
  lesson: Lesson,
  made: MarkdownRenderer,
  finder: TermFinder,
): { html: Record<string, string>; seen: Set<string> } {
  const html: Record<string, string> = {}
  const seen = new Set<string>()
  const part = (blocks: readonly Block[]): void => {
    const environment: MarkEnvironment = { finder, seen: new Set() }
    for (const block of blocks) renderBlock(block, html, made, environment)
    for (const id of environment.seen ?? []) seen.add(id)
  }
  part(lesson.intro)
  for (const step of lesson.steps) part(step.blocks)
  part(lesson.outro)
  return { html, seen }
}

function renderBlock(
  block: Block,
  html: Record<string, string>,
  made: MarkdownRenderer,
  marks: MarkEnvironment,
): void {
  // What stands in a button or a legend has no marks: nothing can be pressed inside of them.
  const render = (id: string, text: string, environment: MarkEnvironment = {}): void => {
    if (text !== '') html[id] = made.render(text, environment)
  }
  if ('markdown' in block) render(block.id, block.markdown, marks)
  if (block.type === 'run') render(block.id, fence('sh', block.command))
  if (block.type === 'check') render(block.id, block.title)
  if (block.type === 'exercise') render(`${block.id}/solution`, fence(block.language, block.solution))
  if (block.type === 'source') render(`${block.id}/code`, fence('ts', block.code))
  if (block.type === 'solution') for (const run of block.runs) render(run.id, fence('sh', run.command))
  if (block.type === 'predict') {
    render(block.id, block.question)
    render(`${block.id}/explanation`, block.explanation, marks)
    for (const [index, option] of block.options.entries()) render(`${block.id}/option-${index}`, option.text)
  }
}

function fence(language: string, code: string): string {
  return `\`\`\`\`${language}\n${code}\n\`\`\`\``
}
