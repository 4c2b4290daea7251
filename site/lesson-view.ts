// A lesson as a page needs it: the typed lesson, and its prose as HTML made at
// build time, so that the text is there before any script runs.
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createMarkdownRenderer, type MarkdownRenderer } from 'vitepress'
import type { Block, Lesson } from '../lessons/format/lesson.ts'
import { markdown } from './markdown.ts'

export interface LessonView {
  lesson: Lesson
  /** Block id -> HTML; `intro`, `outro`, and `<id>/option-<n>` too. */
  html: Record<string, string>
  previous?: { slug: string; title: string }
  next?: { slug: string; title: string }
}

let renderer: Promise<MarkdownRenderer> | undefined

export async function lessonView(lessons: readonly Lesson[], index: number): Promise<LessonView> {
  const lesson = withoutNotes(lessons[index])
  if (!lesson) throw new RangeError(`no lesson ${index}`)
  renderer ??= createMarkdownRenderer(dirname(fileURLToPath(import.meta.url)), markdown, '/')
  const made = await renderer
  const html: Record<string, string> = {}
  const render = async (id: string, text: string): Promise<void> => {
    if (text !== '') html[id] = made.render(text)
  }
  for (const block of [...lesson.intro, ...lesson.outro, ...lesson.steps.flatMap((step) => step.blocks)])
    await renderBlock(block, render)
  const link = (one: Lesson | undefined) => (one ? { slug: one.slug, title: one.title } : undefined)
  const [previous, next] = [link(lessons[index - 1]), link(lessons[index + 1])]
  return { lesson, html, ...(previous ? { previous } : {}), ...(next ? { next } : {}) }
}

/** Notes are the instructor's: a page that everybody can read must not have them, seen or unseen. */
function withoutNotes(lesson: Lesson | undefined): Lesson | undefined {
  const keep = (blocks: Block[]): Block[] => blocks.filter((block) => block.type !== 'note')
  return lesson && { ...lesson, steps: lesson.steps.map((step) => ({ ...step, blocks: keep(step.blocks) })) }
}

async function renderBlock(block: Block, render: (id: string, text: string) => Promise<void>): Promise<void> {
  if ('markdown' in block) await render(block.id, block.markdown)
  if (block.type === 'run') await render(block.id, fence('sh', block.command))
  if (block.type === 'check') await render(block.id, block.title)
  if (block.type === 'exercise') await render(`${block.id}/solution`, fence(block.language, block.solution))
  if (block.type === 'source') await render(`${block.id}/code`, fence('ts', block.code))
  if (block.type === 'solution') for (const run of block.runs) await render(run.id, fence('sh', run.command))
  if (block.type === 'predict') {
    await render(block.id, block.question)
    await render(`${block.id}/explanation`, block.explanation)
    for (const [index, option] of block.options.entries())
      await render(`${block.id}/option-${index}`, option.text)
  }
}

function fence(language: string, code: string): string {
  return `\`\`\`\`${language}\n${code}\n\`\`\`\``
}
