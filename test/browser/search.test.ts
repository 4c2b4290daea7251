// The search: by keyboard, in both languages, with nothing from anywhere else.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Site, startSite } from '../../site/server/server.ts'
import { noSandbox, openBrowser, seriousViolations, siteRoot } from '../suites/browser.ts'

let site: Site
let browser: Browser
let page: Page
const hosts = new Set<string>()
const at = (path: string): string => `http://127.0.0.1:${site.port}${path}`

beforeAll(async () => {
  site = await startSite({ root: siteRoot, port: 0, open: noSandbox })
  browser = await openBrowser()
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    reducedMotion: 'reduce',
  })
  page = await context.newPage()
  page.setDefaultTimeout(30_000)
  page.on('request', (request) => hosts.add(new URL(request.url()).hostname))
  await page.goto(site.url)
})
afterAll(async () => {
  await browser?.close()
  await site?.close()
})

async function search(key: string, query: string): Promise<void> {
  await page.waitForLoadState('networkidle')
  await page.locator('body').press(key)
  await page.locator('dialog.search input').fill(query)
}

test('a command of a lesson is found, and Enter leads to its step', async () => {
  await search('/', 'strace execve')
  const first = page.locator('#found-0')
  await first.locator('mark').first().waitFor()
  expect(await first.textContent()).toContain('See both calls')
  expect(await seriousViolations(page)).toEqual([])
  await page.keyboard.press('Enter')
  await page.waitForURL(at('/lessons/fork-exec#watch-it'))
  await expect
    .poll(() => page.locator('#watch-it').evaluate((one) => one.getBoundingClientRect().top))
    .toBeLessThan(400)
})

test('words of the glossary are found, arrows choose, and a misspelt one is forgiven', async () => {
  await page.goto(at('/lessons/'))
  await search('Control+k', 'pivot_root')
  await page.locator('#found-0', { hasText: 'pivot_root' }).waitFor()
  await page.locator('dialog.search input').fill('copy-on-wirte namespac')
  await page.locator('dialog.search input').fill('whiteuot')
  await page.locator('#found-0[aria-selected=true]', { hasText: 'whiteout' }).waitFor()
  await page.locator('dialog.search input').fill('kernel')
  await page.locator('#found-1').waitFor()
  await page.keyboard.press('ArrowDown')
  expect(await page.locator('dialog.search input').getAttribute('aria-activedescendant')).toBe('found-1')
  await page.locator('dialog.search input').fill('qqqq')
  await page.locator('dialog.search .status', { hasText: 'Nothing says “qqqq”.' }).waitFor()
  await page.keyboard.press('Escape')
  await page.locator('dialog.search').waitFor({ state: 'hidden' })
})

test('Chinese words are found within sentences', async () => {
  await page.goto(at('/zh/'))
  await search('/', '圆括号')
  await page.locator('#found-0', { hasText: '自己写这个间隙' }).click()
  await page.waitForURL(at('/zh/lessons/fork-exec#your-turn'))
})

test('in a field the key is a letter', async () => {
  await page.goto(at('/glossary'))
  await page.locator('.glossary input').press('/')
  expect(await page.locator('.glossary input').inputValue()).toBe('/')
  expect(await page.locator('dialog.search').evaluate((one: HTMLDialogElement) => one.open)).toBe(false)
})

test('nothing was asked of another machine', () => {
  expect([...hosts]).toEqual(['127.0.0.1'])
})
