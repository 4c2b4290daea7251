// What was done, shown: ticks, where to go on, the end of a lesson, the map of a
// module; and who may read it.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { findLesson } from '../../lessons/format/catalogue.ts'
import { Progress } from '../../lessons/player/progress.ts'
import { type Site, startSite } from '../../site/server/server.ts'
import { noSandbox, openBrowser, siteRoot } from '../suites/browser.ts'

let site: Site
let browser: Browser
let context: BrowserContext
let page: Page
let directory: string
const at = (path: string): string => `http://127.0.0.1:${site.port}${path}`

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lc-progress-'))
  vi.stubEnv('LEARN_CONTAINERS_STATE', directory)
  site = await startSite({ root: siteRoot, port: 0, open: noSandbox })
  browser = await openBrowser()
  context = await browser.newContext({ viewport: { width: 1280, height: 900 } })
  page = await context.newPage()
  page.setDefaultTimeout(30_000)
  await page.goto(site.url)
})
afterAll(async () => {
  await browser?.close()
  await site?.close()
  vi.unstubAllEnvs()
  await rm(directory, { recursive: true })
})

test('before anything was done, the first page leads to the first lesson', async () => {
  await page.locator('.start', { hasText: 'Start the first lesson' }).waitFor()
})

test('afterwards it leads to where the learner was last, in either language', async () => {
  const progress = new Progress()
  for (const step of (await findLesson('fork-exec'))?.steps ?? [])
    await progress.markDone('fork-exec', step.id)
  await progress.markDone('cgroup-memory', 'look-first')
  await progress.markDone('unshare-pid', 'look-first')
  await page.goto(at('/'))
  const start = page.locator('.start', { hasText: 'Go on where you left off' })
  expect(await start.getAttribute('href')).toMatch(/^\/lessons\/unshare-pid#/)
  await page.goto(at('/zh/'))
  expect(await page.locator('.start', { hasText: '接着上次继续' }).getAttribute('href')).toMatch(
    /^\/zh\/lessons\/unshare-pid#/,
  )
})

test('the list has a tick for what is done, and says how much of the rest', async () => {
  await page.goto(at('/lessons/'))
  const mark = (slug: string) => page.locator(`.card[href="/lessons/${slug}"] [role=img]`)
  await mark('fork-exec').waitFor()
  expect(await mark('fork-exec').getAttribute('aria-label')).toBe('done')
  expect(await mark('unshare-pid').getAttribute('aria-label')).toMatch(/^1 of \d+ steps done$/)
})

test('a module’s page has a mark and a line for each lesson, and says in words what they show', async () => {
  await page.goto(at('/modules/namespaces'))
  const row = page.locator('.module li', { has: page.locator('a[href="/lessons/unshare-pid"]') })
  await row.locator('[role=img].begun').waitFor()
  expect(await row.locator('small').textContent()).toContain('builds on A process is a fork and an exec')
  expect(await page.locator('.module svg.lines').count()).toBe(await page.locator('.module li').count())
  await page.locator('.crumbs a').click()
  await page.waitForURL(at('/lessons/'))
})

test('a lesson ends with what comes next, and how far its module is', async () => {
  await page.goto(at('/lessons/fork-exec'))
  await page.locator('.onward .next').waitFor()
  await page.locator('.onward .module', { hasText: /1 of \d+ lessons? done/ }).waitFor()
  await page.locator('.crumbs a', { hasText: 'Before containers' }).click()
  await page.waitForURL(at('/modules/before'))
})

test('progress is for this browser’s own pages only', async () => {
  const cookie = (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join('; ')
  const status = async (headers: Record<string, string>, method = 'GET'): Promise<number> =>
    (await fetch(at('/progress'), { method, headers })).status
  expect(await status({ cookie })).toBe(200)
  expect(await status({})).toBe(401)
  expect(await status({ cookie, 'sec-fetch-site': 'cross-site' })).toBe(401)
  expect(await status({ cookie }, 'POST')).toBe(405)
})
