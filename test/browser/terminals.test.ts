// The terminals of a page: those that are out of sight, the one that a solution is
// typed into, and what is in the machine after another lesson.
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Site, startSite } from '../../site/server/server.ts'
import { openBrowser, siteRoot } from '../suites/browser.ts'
import { openVm } from '../suites/vm.ts'

let site: Site
let browser: Browser
let context: BrowserContext
let page: Page

beforeAll(async () => {
  site = await startSite({ root: siteRoot, port: 0, open: openVm })
  browser = await openBrowser()
  context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
  page = await context.newPage()
  page.setDefaultTimeout(30_000)
  await page.goto(site.url)
})
afterAll(async () => {
  await browser?.close()
  await site?.close()
})

async function openLesson(slug: string): Promise<void> {
  await page.goto(`http://127.0.0.1:${site.port}/lessons/${slug}`)
  await page.waitForSelector('.bar[data-state=ready]', { timeout: 60_000 })
}
async function runStep(step: string): Promise<void> {
  for (const block of await page.locator(`#${step} .run`).all()) {
    await block.locator('.lab-button').click()
    const id = await block.getAttribute('data-block')
    await page.waitForSelector(`[data-block="${id}"][data-state=passed]`)
  }
}
async function type(terminal: string, line: string): Promise<void> {
  await page.locator(`[data-terminal=${terminal}]`).click()
  await page.keyboard.type(line)
  await page.keyboard.press('Enter')
}
const rows = (terminal: string) => page.locator(`[data-terminal=${terminal}] .xterm-rows`)
const shownTab = () => page.locator('[role=tab][aria-selected=true]').textContent()

test('a terminal that became smaller out of sight shows the command that runs in it next', async () => {
  await openLesson('cgroup-memory')
  await page.locator('[role=tab]', { hasText: 'host' }).click()
  await type('host', 'seq 70')
  await expect.poll(() => rows('host').textContent()).toContain('70')
  // As a live picture takes room from it, which opens while the other one is in sight.
  await page.locator('[role=tab]', { hasText: 'inside' }).click()
  await page.setViewportSize({ width: 1440, height: 560 })
  await page.waitForTimeout(500)
  // Typing would bring the last line back; a command that the page runs does not.
  await runStep('look-first')
  await expect.poll(() => rows('host').textContent()).toMatch(/memory\.swap\.max[^#]*root@lab:~#\s*$/)
})

test('one that is out of sight takes no clicks and no keys', async () => {
  expect(await page.locator('[data-terminal=inside]').isVisible()).toBe(false)
  await page.locator('[data-terminal=host]').click()
  expect(
    await page.evaluate(() =>
      document.activeElement?.closest('[data-terminal]')?.getAttribute('data-terminal'),
    ),
  ).toBe('host')
})

test('a solution says where each line goes, and its terminals come to the front as it is typed', async () => {
  await openLesson('unshare-mount')
  const solution = page.locator('details.fold', { hasText: 'Solution' }).first()
  await solution.locator('summary').click()
  expect(await solution.locator('.where').allTextContents()).toEqual([
    expect.stringContaining('In inside:'),
    expect.stringContaining('In inside:'),
    expect.stringContaining('In host:'),
  ])
  await page.locator('[role=tab]', { hasText: 'host' }).click()
  await solution.locator('.lab-button').click()
  await expect.poll(shownTab).toBe('inside')
  await solution.locator('.where', { hasText: '✓' }).nth(2).waitFor({ timeout: 60_000 })
  expect(await shownTab()).toBe('host')
})

test('what a lesson left is not in the machine of the next; coming back to it, it is', async () => {
  const { exec } = await site.sandbox.then((vm) => ({ exec: (line: string) => vm.exec(line) }))
  await exec('touch /root/left')
  await page.reload()
  await page.waitForSelector('.bar[data-state=ready]')
  expect((await exec('test -e /root/left')).status).toBe(0)
  await openLesson('unshare-uts')
  expect((await exec('test -e /root/left')).status).toBe(1)
  await runStep('look-first')
})

test('on the stage too: one that comes back to a smaller room shows its last line', async () => {
  await page.setViewportSize({ width: 1280, height: 720 })
  await page.goto(`http://127.0.0.1:${site.port}/lessons/unshare-pid?present`)
  await page.waitForSelector('.sandbox[data-state=ready]', { timeout: 60_000 })
  await page.keyboard.press('PageDown')
  await type('host', 'seq 70')
  await expect.poll(() => rows('host').textContent()).toContain('70')
  // The next slide has the other terminal.
  await page.keyboard.press('PageDown')
  await page.locator('[data-terminal=host]').waitFor({ state: 'hidden' })
  await page.setViewportSize({ width: 1280, height: 480 })
  await page.waitForTimeout(500)
  await page.keyboard.press('PageUp')
  await page.locator('.pane').focus()
  for (const run of [1, 2]) {
    await page.keyboard.press('Enter')
    await page.waitForSelector(`[data-block="look-first/run-${run}"][data-state=passed]`)
  }
  await expect.poll(() => rows('host').textContent()).toMatch(/pid:\[\d+\].*root@lab:~#\s*$/)
})
