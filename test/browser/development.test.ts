// `site --dev`: a saved lesson loads its page again, and a broken one says where.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { developmentPages } from '../../site/server/development.ts'
import { type Site, startSite } from '../../site/server/server.ts'
import { noSandbox, openBrowser } from '../suites/browser.ts'

let directory: string
let site: Site
let browser: Browser

function lesson(words: string, check = 'check'): string {
  const front =
    'slug: first\ntitle: The first\nsummary: S\nmodule: mine\nminutes: 1\nsandbox: { terminals: [host] }'
  return `---\n${front}\n---\n::::: step one "One"\n${words}\n\n::: ${check} "True"\n\`\`\`sh\ntest -e / || lab fail "no"\n\`\`\`\n:::\n:::::\n`
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lc-content-'))
  await mkdir(join(directory, 'mine/first'), { recursive: true })
  await writeFile(
    join(directory, 'modules.yaml'),
    '- { id: mine, title: Mine, summary: S, lessons: [first] }\n',
  )
  await writeFile(join(directory, 'mine/first/lesson.md'), lesson('Written once.'))
  vi.stubEnv('LEARN_CONTAINERS_CONTENT', directory)
  site = await startSite({ root: directory, port: 0, open: noSandbox, pages: developmentPages })
  browser = await openBrowser()
})
afterAll(async () => {
  await browser?.close()
  await site?.close()
  vi.unstubAllEnvs()
  await rm(directory, { recursive: true })
})

test('a saved lesson is shown, a broken one is explained, and mended it is shown again', async () => {
  const page = await browser.newPage()
  page.setDefaultTimeout(120_000)
  const path = join(directory, 'mine/first/lesson.md')
  await writeFile(path, lesson('Written once.'))
  await page.goto(site.url)
  await page.goto(`http://127.0.0.1:${site.port}/lessons/first`)
  await page.locator('#one', { hasText: 'Written once.' }).waitFor()
  await writeFile(path, lesson('Written twice.'))
  await page.locator('#one', { hasText: 'Written twice.' }).waitFor()
  await writeFile(path, lesson('Broken.', 'chekc'))
  const overlay = page.locator('vite-error-overlay .message-body')
  await overlay.waitFor()
  expect(await overlay.textContent()).toMatch(/lesson\.md:\d+: no block chekc: did you mean check\?/)
  // One that comes later, or was just loading, hears of it too.
  await page.reload()
  await overlay.waitFor()
  await writeFile(path, lesson('Written three times.'))
  await page.locator('#one', { hasText: 'Written three times.' }).waitFor()
})
