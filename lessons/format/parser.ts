// lesson.md -> Lesson. The one parser that the site, the terminal and the test
// suite share.
//
// Next: lessons/format/blocks.ts
import { readFile } from 'node:fs/promises'
import { basename, dirname, relative } from 'node:path'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { BlockReader } from './blocks.ts'
import { type Node, parseDirectives } from './directives.ts'
import type { Lesson, Step } from './lesson.ts'
import { LessonError } from './lesson-error.ts'

const frontMatterSchema = z.strictObject({
  slug: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'lower-case words joined by -'),
  title: z.string().min(1),
  summary: z.string().min(1),
  module: z.string().min(1),
  minutes: z.number().int().min(1).max(60),
  after: z.array(z.string()).default([]),
  sandbox: z.strictObject({ root: z.boolean().default(true), terminals: z.array(z.string()).min(1) }),
  sources: z.array(z.string()).default([]),
})

/** @param path of lesson.md @throws LessonError `path:line: message` */
export async function parseLesson(path: string): Promise<Lesson> {
  const shown = relative(packageRoot(), path)
  const text = await readFile(path, 'utf8')
  const match = /^---\n([\s\S]*?)\n---\n/.exec(text)
  if (!match) throw new LessonError(shown, 1, 'a lesson begins with front matter between two lines of ---')
  const front = parseFrontMatter(match[1] ?? '', shown)
  if (front.slug !== basename(dirname(path))) {
    throw new LessonError(
      shown,
      2,
      `the slug is ${front.slug}, and the directory ${basename(dirname(path))}: make them the same`,
    )
  }
  const head = match[0].split('\n').length - 1
  const nodes = parseDirectives(text.slice(match[0].length).split('\n'), shown, head + 1)
  const reader = new BlockReader({
    path: shown,
    directory: dirname(path),
    terminals: front.sandbox.terminals,
  })
  const isStep = (node: Node): boolean => node.kind === 'container' && node.info.name === 'step'
  const first = nodes.findIndex(isStep)
  const last = nodes.findLastIndex(isStep)
  if (first < 0)
    throw new LessonError(shown, head + 1, 'a lesson has at least one step: ::::: step id "Title"')
  const stray = nodes.slice(first, last).find((node) => !isStep(node))
  if (stray) throw new LessonError(shown, stray.line, 'between steps nothing may stand: move it into a step')
  const steps: Step[] = []
  for (const node of nodes.slice(first, last + 1)) {
    if (node.kind !== 'container') continue
    const [id = '', ...rest] = node.info.words
    if (!/^[a-z0-9-]+$/.test(id) || rest.length > 0 || node.info.title === undefined) {
      throw new LessonError(shown, node.line, 'write ::::: step the-id "The title"')
    }
    if (steps.some((step) => step.id === id))
      throw new LessonError(shown, node.line, `there are two steps called ${id}`)
    steps.push({ id, title: node.info.title, blocks: await reader.read(node.children, id) })
  }
  const intro = await reader.read(nodes.slice(0, first), 'intro')
  const outro = await reader.read(nodes.slice(last + 1), 'outro')
  // Readers show these as text: a command or a check there would never be run.
  const stranger = [...intro, ...outro].find((block) => block.type !== 'prose')
  if (stranger)
    throw new LessonError(shown, stranger.line, `${stranger.type} stands in a step, not before or after them`)
  return { ...front, language: 'en', intro, steps, outro, path: shown }
}

function parseFrontMatter(text: string, path: string): z.infer<typeof frontMatterSchema> {
  let value: unknown
  try {
    value = parseYaml(text)
  } catch (error) {
    throw new LessonError(
      path,
      2,
      `front matter: ${error instanceof Error ? error.message.split('\n')[0] : error}`,
    )
  }
  const result = frontMatterSchema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  throw new LessonError(path, 2, `front matter: ${issue?.path.join('.') || 'it'}: ${issue?.message}`)
}
