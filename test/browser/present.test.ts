// A lesson before an audience: by a clicker's keys, with notes in a second window,
// and with a step that breaks.
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Progress } from '../../lessons/player/progress.ts'
import { seriousViolations } from '../suites/browser.ts'
import { note, openStage, type Stage } from '../suites/stage.ts'

let stage: Stage
let page: Page

beforeAll(async () => {
  // Taken on an earlier day: before a class it counts for nothing.
  await new Progress().markDone('unshare-pid', 'pid-one')
  stage = await openStage('unshare-pid')
  page = stage.page
})
afterAll(() => stage?.close())

const heading = (): Promise<string | null> => page.locator('.pane h1').textContent()
const state = (id: string): Promise<string | null> =>
  page.locator(`[data-block="${id}"]`).getAttribute('data-state')

async function press(...keys: string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key)
}

test('keys: a clicker goes through the steps, Enter runs, v reveals', async () => {
  await page.waitForSelector('.sandbox[data-state=ready]')
  expect(page.url()).not.toContain('token')
  expect(await heading()).toBe('A process that thinks it is alone')
  expect(await page.locator('.VPNav').isVisible()).toBe(false)
  await press('PageDown')
  expect(await heading()).toBe('What the host sees')
  await press('PageUp', ' ', 'ArrowRight', 'ArrowLeft')
  expect(await heading()).toBe('What the host sees')
  await expect.poll(() => page.url()).toContain('#look-first')
  await press('Enter')
  await page.waitForSelector('[data-block="look-first/run-1"][data-state=passed]')
  await press('r')
  await page.waitForSelector('[data-block="look-first/run-2"][data-state=passed]')
  await press('Enter')
  await page.locator('.toast.shown', { hasText: 'Every command of this step was run.' }).waitFor()
  expect(await page.locator('.predict .why').count()).toBe(0)
  await press('.')
  await page.locator('.predict .right', { hasText: 'Every process of the host' }).waitFor()
  await page.locator('.predict .why').waitFor()
  await page.locator('footer nav .done').waitFor()
  expect(await page.locator('footer nav .done').count()).toBe(1)
  // Hints and the solution one after the other, and Enter types the solution.
  await press('PageDown', 'PageDown', 'v')
  await page.locator('.help', { hasText: '--fork matters' }).waitFor()
  expect(await page.locator('.help').count()).toBe(1)
  await press('v', 'v')
  await expect.poll(() => page.locator('.help').count()).toBe(3)
  await press('PageUp', 'PageUp')
})

test('in the terminal letters are the shell’s, and a clicker still works', async () => {
  await press('Control+`')
  await page.keyboard.type('echo $((40 + 2)) sent')
  await press('Enter')
  await expect.poll(() => page.locator('[data-terminal=host] .xterm-rows').textContent()).toContain('42 sent')
  await press('PageDown')
  expect(await heading()).toBe('Half a namespace')
  expect(await page.evaluate(() => document.activeElement?.className)).toContain('pane')
  await press('Control+`', 'Control+`')
  expect(await page.evaluate(() => document.activeElement?.className)).toContain('pane')
})

test('size, blank screen, timer, help, reset that asks', async () => {
  const size = (): Promise<number> =>
    page.locator('.pane h1').evaluate((one) => one.getBoundingClientRect().height)
  const before = await size()
  await press('+', '+')
  expect(await size()).toBeGreaterThan(before)
  await press('0')
  await press('b')
  await page.locator('.blank').waitFor()
  await press('b')
  expect(await page.locator('.blank').count()).toBe(0)
  await press('t')
  await expect.poll(() => page.locator('.time button').textContent()).toMatch(/0:0[1-9]/)
  await press('t', '?')
  await page.locator('dialog[open]', { hasText: 'skip: make the end of this step' }).waitFor()
  await page.screenshot({ path: join(stage.shots, 'present-keys.png') })
  await press('?')
  await press('Shift+R')
  await page.locator('dialog[open]', { hasText: 'Put the machine back' }).waitFor()
  await press('Escape')
  expect(await page.locator('dialog[open]').count()).toBe(0)
  await press('f')
  await expect.poll(() => page.evaluate(() => document.fullscreenElement !== null)).toBe(true)
  await press('f')
})

test('notes are in a second window, in step with the first, and in no page of a learner', async () => {
  const opening = stage.context.waitForEvent('page')
  await press('n')
  const notes = await opening
  await notes.locator('.note', { hasText: note }).waitFor()
  await notes.locator('h1', { hasText: 'Half a namespace' }).waitFor()
  await notes.locator('li', { hasText: 'unshare --pid --fork bash' }).waitFor()
  await notes.setViewportSize({ width: 760, height: 820 })
  await notes.screenshot({ path: join(stage.shots, 'present-notes.png') })
  expect(await seriousViolations(notes)).toEqual([])
  await notes.getByRole('button', { name: 'Back' }).click()
  await expect.poll(heading).toBe('What the host sees')
  await notes.locator('.none', { hasText: 'No note' }).waitFor()
  await notes.keyboard.press('PageDown')
  await expect.poll(heading).toBe('Half a namespace')
  await notes.getByRole('button', { name: 'Run' }).click()
  await page.waitForSelector('[data-block="break-it/run-1"][data-state=passed]')
  await notes.close()
  const text = await (await fetch(`http://127.0.0.1:${stage.site.port}/lessons/unshare-pid`)).text()
  expect(text).not.toContain('Two hands')
})

test('a step that broke is skipped: the state is there, without the class waiting for it', async () => {
  await stage.vm.exec('pkill -KILL -f "^bash$" -n')
  await page.locator('[data-terminal=inside]').click()
  await page.keyboard.type('sleep 3600\n')
  await press('Control+`', 's')
  await page.locator('.toast.shown', { hasText: 'Skipping' }).waitFor()
  await page.locator('.toast', { hasText: 'The step is as it should be' }).waitFor({ timeout: 240_000 })
  expect(await state('break-it/check-1')).toBe('passed')
  await press('PageDown', 'Enter')
  await page.waitForSelector('[data-block="enter/run-1"][data-state=passed]')
}, 300_000)

test.each([
  ['light', 1920, 1080],
  ['dark', 1920, 1080],
  ['light', 1280, 720],
])('the stage, %s, %ix%i', async (theme, width, height) => {
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await page.setViewportSize({ width, height })
  await page.evaluate((name) => document.documentElement.classList.toggle('dark', name === 'dark'), theme)
  for (const step of ['', 'look-first', 'enter', 'orphans', 'source']) {
    await page.evaluate((id) => {
      const buttons = [...document.querySelectorAll<HTMLButtonElement>('footer nav button')]
      buttons[
        ['look-first', 'break-it', 'enter', 'prove-it', 'orphans', 'pid-one', 'source'].indexOf(id)
      ]?.click()
    }, step)
    if (step === '') for (let count = 0; count < 8; count++) await press('PageUp')
    await page.waitForTimeout(1500)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
    await page.screenshot({ path: join(stage.shots, `present-${theme}-${height}-${step || 'title'}.png`) })
  }
  expect(await seriousViolations(page)).toEqual([])
})
