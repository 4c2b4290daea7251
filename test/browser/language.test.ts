// The site in two languages: pages, the lesson's machine, the words of the
// glossary; and every kind of page for axe and for a small screen.
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Site, startSite } from '../../site/server/server.ts'
import { openBrowser, seriousViolations, siteRoot } from '../suites/browser.ts'
import { openVm } from '../suites/vm.ts'

let site: Site
let browser: Browser
let context: BrowserContext
let page: Page
const at = (path: string): string => `http://127.0.0.1:${site.port}${path}`
const kinds = ['/', '/lessons/', '/lessons/fork-exec', '/modules/namespaces', '/glossary']

beforeAll(async () => {
  site = await startSite({ root: siteRoot, port: 0, open: openVm, language: 'zh' })
  browser = await openBrowser()
  context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' })
  page = await context.newPage()
  page.setDefaultTimeout(30_000)
  await page.goto(site.url)
})
afterAll(async () => {
  await browser?.close()
  await site?.close()
})

test('whoever speaks Chinese begins there', async () => {
  expect(page.url()).toBe(at('/zh/'))
  expect(await page.locator('html').getAttribute('lang')).toBe('zh-CN')
})

test('the switch keeps the page and the step, and the page says its language', async () => {
  await page.goto(at('/lessons/fork-exec#break-it'))
  expect(await page.locator('html').getAttribute('lang')).toBe('en')
  await page.locator('.language').click()
  await page.waitForURL(at('/zh/lessons/fork-exec#break-it'))
  await page.locator('h1', { hasText: '进程，就是 fork 加 exec' }).waitFor()
  await expect.poll(() => page.locator('html').getAttribute('lang')).toBe('zh-CN')
  expect(await page.title()).toContain('进程')
  await page.locator('.language').click()
  await page.waitForURL(at('/lessons/fork-exec#break-it'))
  await page.locator('h1', { hasText: 'A process is a fork and an exec' }).waitFor()
})

test('the engine has one language, and leads back to both', async () => {
  await page.goto(at('/zh/lessons/'))
  await page.locator('.VPNavBarMenuLink', { hasText: 'tocker' }).click()
  await page.waitForURL(at('/engine/'))
  await page.locator('.language').click()
  await page.waitForURL(at('/zh/'))
})

test('a lesson runs in the page’s language, and what is done counts in both', async () => {
  await page.goto(at('/zh/lessons/fork-exec'))
  await page.locator('.bar[data-state=ready]', { hasText: '沙箱: 就绪' }).waitFor({ timeout: 150_000 })
  await page.locator('#prove-it .check .lab-button', { hasText: '检查' }).click()
  await page.locator('#prove-it .check .message', { hasText: '没有叫 sleep 的子进程' }).waitFor()
  await page.locator('#prove-it .run .lab-button').first().click()
  await page.waitForSelector('#prove-it .check[data-state=passed]')
  await page.goto(at('/lessons/fork-exec'))
  await page.waitForSelector('.bar[data-state=ready]')
  await page.locator('.steps a.done .sr-only', { hasText: 'What the kernel says' }).waitFor({
    state: 'attached',
  })
})

test('a word of the glossary is explained to the pointer, the keyboard and the finger', async () => {
  await page.goto(at('/lessons/fork-exec'))
  const word = page.locator('#look-first .term[data-term=process]')
  const box = page.locator('#term-definition')
  await word.hover()
  await box.locator('text=A running program').waitFor()
  await page.mouse.move(5, 5)
  await box.waitFor({ state: 'detached' })
  // By keyboard: the focus shows it, Tab goes into it, Esc closes it and comes back.
  await page.keyboard.press('Tab')
  await word.focus()
  await box.waitFor()
  expect(await word.getAttribute('aria-describedby')).toBe('term-definition')
  expect(await seriousViolations(page)).toEqual([])
  await page.keyboard.press('Tab')
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('In the glossary')
  await page.keyboard.press('Escape')
  await box.waitFor({ state: 'detached' })
  expect(await word.evaluate((one) => one === document.activeElement)).toBe(true)
  // Pressed, it stays; its link leads to the page of all words.
  await word.click()
  await page.mouse.move(5, 5)
  await box.locator('a', { hasText: 'In the glossary' }).click()
  await page.waitForURL(at('/glossary#process'))
  await page.locator('#process.here dt', { hasText: 'process' }).waitFor()
})

test('the glossary finds a word by either language', async () => {
  await page.goto(at('/zh/glossary'))
  await page.locator('.glossary input').fill('namespace')
  await expect.poll(() => page.locator('.glossary dt').count()).toBeLessThan(15)
  await page.locator('dt', { hasText: '命名空间' }).first().waitFor()
})

test.each(['light', 'dark'])('axe finds nothing serious on any kind of page, %s', async (theme) => {
  for (const prefix of ['', '/zh'])
    for (const kind of kinds) {
      await page.goto(at(prefix + kind))
      await page.evaluate((name) => document.documentElement.classList.toggle('dark', name === 'dark'), theme)
      expect(await seriousViolations(page)).toEqual([])
    }
})

test('at 360 pixels no kind of page scrolls sideways', async () => {
  const phone = await browser.newContext({
    viewport: { width: 360, height: 740 },
    storageState: await context.storageState(),
  })
  const small = await phone.newPage()
  for (const prefix of ['', '/zh'])
    for (const kind of [...kinds, '/nowhere']) {
      await small.goto(at(prefix + kind))
      const width = await small.evaluate(() => document.documentElement.scrollWidth)
      expect(width, prefix + kind).toBeLessThanOrEqual(360)
    }
  await phone.close()
})

test('the server speaks the page’s language', async () => {
  const wrong = await fetch(at('/zh/?token=wrong'), { redirect: 'manual' })
  expect(await wrong.text()).toContain('请打开终端里现在显示的地址')
})
