// What the site's pages work with, without a browser: words of a search, lines of
// a map, where to go on, which words of a text are marked.
import { expect, test } from 'vitest'
import { languageOf, languageOfCommand } from '../../../lessons/language/language.ts'
import { LessonSearch, queryTokens, tokens } from '../../../site/components/lesson-search.ts'
import { moduleMap } from '../../../site/components/module-map.ts'
import { progressOf, resumeAt } from '../../../site/components/progress.ts'
import { lessonViews } from '../../../site/lesson-view.ts'
import { searchDocuments } from '../../../site/search-documents.ts'

test('commands stay whole and are cut too; Chinese is cut into pairs', () => {
  expect(tokens('pivot_root(".") 命名空间。')).toEqual(
    expect.arrayContaining(['pivot_root', 'pivot', 'root', '命名', '名空', '空间', '间']),
  )
  expect(queryTokens('pivot_root 空间')).toEqual(['pivot_root', '空间'])
})

test('the search finds prose, titles, commands and words of the glossary, and says where', async () => {
  const [en, zh] = await Promise.all([searchDocuments('en'), searchDocuments('zh')])
  const english = new LessonSearch(en)
  const first = (query: string): string | undefined => english.find(query)[0]?.id
  expect(first('exec, without fork')).toBe('/lessons/fork-exec#exec-alone')
  expect(english.find('strace execve').map(({ id }) => id)).toContain('/lessons/fork-exec#watch-it')
  expect(first('pivot_root')).toBe('/glossary#pivot-root')
  expect(first('whiteuot')).toBe('/glossary#whiteout')
  expect(english.find('qqqq')).toEqual([])
  const chinese = new LessonSearch(zh)
  const [found] = chinese.find('亲眼看见')
  expect(found?.id).toBe('/lessons/fork-exec#watch-it')
  expect(chinese.find('strace').map(({ id }) => id)).toContain('/lessons/fork-exec#watch-it')
  const excerpt = chinese.find('圆括号')[0]?.excerpt ?? []
  expect(excerpt.filter((_, index) => index % 2 === 1).join('')).toContain('圆括')
})

test('a map has a straight line to the next lesson, and a lane for those further down', () => {
  const map = moduleMap([
    { slug: 'a', after: ['elsewhere'] },
    { slug: 'b', after: ['a'] },
    { slug: 'c', after: ['a'] },
    { slug: 'd', after: ['b', 'c'] },
  ])
  expect(map.lanes).toBe(3)
  expect(map.rows).toEqual([
    { through: [], into: [], out: [0, 1] },
    { through: [1], into: [0], out: [2] },
    { through: [2], into: [1], out: [0] },
    { through: [], into: [2, 0], out: [] },
  ])
})

test('one goes on where one was last, and after the end at what is left', () => {
  const lesson = (slug: string) => ({
    slug,
    title: slug,
    summary: '',
    minutes: 1,
    steps: ['x', 'y'],
    after: [],
  })
  const modules = [{ id: 'm', title: 'M', summary: '', lessons: ['a', 'b', 'c'].map(lesson) }]
  expect(resumeAt(modules, {})).toBeUndefined()
  expect(resumeAt(modules, { gone: ['x'] })).toBeUndefined()
  expect(resumeAt(modules, { c: ['x'], b: ['x'] })).toMatchObject({ lesson: { slug: 'b' }, step: 'y' })
  expect(resumeAt(modules, { a: ['x', 'y'] })).toMatchObject({ lesson: { slug: 'b' }, step: 'x' })
  expect(resumeAt(modules, { a: ['x'], b: ['x', 'y'], c: ['x', 'y'] })).toMatchObject({
    lesson: { slug: 'a' },
  })
  expect(resumeAt(modules, { a: ['x', 'y'], b: ['x', 'y'], c: ['x', 'y'] })).toBeUndefined()
  expect(progressOf(lesson('a'), { a: ['x', 'old'] })).toEqual({ state: 'begun', steps: 1 })
})

test('words are marked once a step, never in code, links, headings or answers', async () => {
  const view = (await lessonViews('en')).find(({ lesson }) => lesson.slug === 'fork-exec')
  const all = Object.entries(view?.html ?? {})
  const step = all.filter(([id]) => id.startsWith('look-first/')).map(([, html]) => html)
  expect(step.join('').match(/data-term="process"/g)).toHaveLength(1)
  for (const [id, html] of all) {
    expect(html, id).not.toMatch(/<(code|a|h\d)\b[^>]*>[^<]*<button/)
    if (/option|run-|check-|code$/.test(id)) expect(html, id).not.toContain('class="term"')
  }
  for (const [, html] of all)
    for (const [, id = ''] of html.matchAll(/data-term="([^"]+)"/g)) expect(view?.terms[id]).toBeDefined()
})

test('--lang counts wherever it stands; else the locale', () => {
  expect(languageOfCommand(['site', '--lang', 'zh'], { LANG: 'C' })).toBe('zh')
  expect(languageOfCommand(['--lang=en'], { LANG: 'zh_CN.UTF-8' })).toBe('en')
  expect(languageOf({ LC_MESSAGES: 'zh_CN.UTF-8', LANG: 'C' })).toBe('zh')
  expect(languageOfCommand([], { LC_ALL: '', LANG: 'zh_TW.UTF-8' })).toBe('zh')
  expect(languageOfCommand([], { LC_ALL: 'C', LANG: 'zh_CN.UTF-8' })).toBe('en')
})
