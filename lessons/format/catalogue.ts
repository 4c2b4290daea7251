// All lessons there are, in the order in which they are taken.
//
// modules.yaml gives modules their titles and lessons their order; the lessons
// themselves say the rest. LEARN_CONTAINERS_CONTENT names another directory of
// the same shape, for those who write their own.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { distance } from 'fastest-levenshtein'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import type { Language } from '../language/language.ts'
import type { Lesson } from './lesson.ts'
import { parseLesson } from './parser.ts'
import { translate, translationPath } from './translation.ts'

const wordsSchema = z.strictObject({ title: z.string(), summary: z.string() })
const modulesSchema = z.array(
  z.strictObject({
    ...wordsSchema.shape,
    id: z.string(),
    /** Lessons of somebody's own may have English words only. */
    zh: wordsSchema.optional(),
    lessons: z.array(z.string()),
  }),
)

export interface Module {
  id: string
  title: string
  summary: string
  lessons: Lesson[]
}

export function contentDirectory(): string {
  return process.env.LEARN_CONTAINERS_CONTENT ?? join(packageRoot(), 'lessons/content')
}

/** @returns the lessons in that language, in English where nobody translated them @throws LessonError when a lesson cannot be read */
export async function modules(language: Language = 'en'): Promise<Module[]> {
  const path = join(contentDirectory(), 'modules.yaml')
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT') throw cause
    throw new Error(`there is no ${path}: learn-containers new MODULE/LESSON begins one`, { cause })
  })
  const list = modulesSchema.parse(parseYaml(text))
  return Promise.all(
    list.map(async ({ id, title, summary, zh, lessons }) => ({
      id,
      ...((language === 'zh' && zh) || { title, summary }),
      lessons: await Promise.all(lessons.map((slug) => readLesson(id, slug, language))),
    })),
  )
}

async function readLesson(module: string, slug: string, language: Language): Promise<Lesson> {
  const path = lessonPath(module, slug)
  const lesson = await parseLesson(path)
  if (language === 'en') return lesson
  const text = await readFile(translationPath(path), 'utf8').catch(() => undefined)
  return text === undefined ? lesson : translate(lesson, text, translationPath(lesson.path)).lesson
}

export function lessonPath(module: string, slug: string): string {
  return join(contentDirectory(), module, slug, 'lesson.md')
}

export async function findLesson(slug: string, language: Language = 'en'): Promise<Lesson | undefined> {
  return (await modules(language)).flatMap((module) => module.lessons).find((lesson) => lesson.slug === slug)
}

/** The lesson whose name is nearest to a misspelt one, when it is near. */
export async function suggest(slug: string): Promise<string | undefined> {
  const names = (await modules()).flatMap((module) => module.lessons.map((lesson) => lesson.slug))
  const ranked = names.map((name) => ({ name, far: distance(slug, name) })).sort((a, b) => a.far - b.far)
  const best = ranked[0]
  return best && best.far <= Math.max(3, slug.length / 3)
    ? best.name
    : names.find((name) => name.includes(slug))
}
