// The lesson that lessons/README.md shows in full: who copies it has a lesson that is fit to publish.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { lessonPath } from '../../../lessons/format/catalogue.ts'
import { lint } from '../../../lessons/format/linter.ts'
import { parseLesson } from '../../../lessons/format/parser.ts'
import { packageRoot } from '../../../sandbox-vm/package-root.ts'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lc-example-'))
  vi.stubEnv('LEARN_CONTAINERS_CONTENT', directory)
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await rm(directory, { recursive: true, force: true })
})

test('the lesson in lessons/README.md has nothing that the linter would complain of', async () => {
  const page = await readFile(join(packageRoot(), 'lessons/README.md'), 'utf8')
  const text = /^````md\n(.*?)^````$/ms.exec(page)?.[1] ?? ''
  const [, slug = ''] = /^slug: (.+)$/m.exec(text) ?? []
  const path = lessonPath('namespaces', slug)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
  const lesson = await parseLesson(path)
  expect(lesson.steps.map((step) => step.id)).toEqual(['break-it', 'prove-it', 'source'])
  expect(await lint(lesson, [slug])).toEqual([])
})
