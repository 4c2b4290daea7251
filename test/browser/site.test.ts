// The page in a real browser, on the real VM: clicked, typed, looked at by axe.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { KeeperClient } from '../../sandbox-vm/keeper-client.ts'
import { type Site, startSite } from '../../site/server/server.ts'
import { safePath } from '../../site/server/static-files.ts'
import { openBrowser, seriousViolations, siteRoot } from '../suites/browser.ts'
import { openVm } from '../suites/vm.ts'

let site: Site
let browser: Browser
let context: BrowserContext
let page: Page
let shots: string

beforeAll(async () => {
  shots = process.env.LEARN_CONTAINERS_SCREENSHOTS ?? (await mkdtemp(join(tmpdir(), 'lc-shots-')))
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
  if (!process.env.LEARN_CONTAINERS_SCREENSHOTS) await rm(shots, { recursive: true, force: true })
})

async function openLesson(slug: string, on: Page = page): Promise<void> {
  await on.goto(`http://127.0.0.1:${site.port}/lessons/${slug}`)
  await on.waitForSelector('.bar[data-state=ready]', { timeout: 60_000 })
}

/** Clicks every run button of a step, each when the one before has passed. */
async function runStep(step: string): Promise<void> {
  for (const block of await page.locator(`#${step} .run`).all()) {
    await block.locator('.lab-button').click()
    const id = await block.getAttribute('data-block')
    await page.waitForSelector(`[data-block="${id}"][data-state=passed]`)
  }
}

test('the token leaves the address bar', () => {
  expect(page.url()).toBe(`http://127.0.0.1:${site.port}/`)
})

test('a lesson by clicking: commands run, checks tick, questions explain, steps are done', async () => {
  await openLesson('unshare-pid')
  await runStep('look-first')
  await page.locator('#look-first .predict button').nth(1).click()
  await page.locator('#look-first .why', { hasText: 'Right.' }).waitFor()
  await page.locator('.steps a.done').first().waitFor()
  await runStep('break-it')
  await page.waitForSelector('#break-it .check[data-state=passed]')
  await runStep('enter')
  await page.waitForSelector('#enter .check[data-state=passed]')
  await page.locator('.machine .live [data-process]', { hasText: 'PID 1 ←' }).first().waitFor()
  await page.screenshot({ path: join(shots, 'lesson.png') })
})

test('a check that is not true says what it found', async () => {
  await page.locator('#prove-it .check .lab-button').click()
  await page.locator('#prove-it .check .message', { hasText: 'No sleep runs in the namespace' }).waitFor()
})

test('typing in the terminal reaches the shell, and a reload comes back to it', async () => {
  await page.locator('[role=tab]', { hasText: 'host' }).click()
  await page.locator('[data-terminal=host]').click()
  await page.keyboard.type('echo $((40 + 2)) typed here')
  await page.keyboard.press('Enter')
  const screen = page.locator('[data-terminal=host] .xterm-rows')
  await expect.poll(() => screen.textContent()).toContain('42 typed here')
  await page.reload()
  await page.waitForSelector('.bar[data-state=ready]')
  await expect
    .poll(() => page.locator('[data-terminal=host] .xterm-rows').textContent())
    .toContain('42 typed here')
  expect(await page.locator('#enter .check').getAttribute('data-state')).toBe('passed')
})

test('the source opens in an editor, read-only, with the lines of its file', async () => {
  // Wherever the test before this one was.
  await openLesson('unshare-pid')
  await page.locator('#source .source .lab-button').click()
  await page.locator('#source .monaco-editor .view-lines', { hasText: 'CLONE_NEWPID' }).waitFor()
  expect(await page.locator('#source figcaption').textContent()).toMatch(
    /engine\/libcontainer\/birth\.ts:\d+–\d+\s*read-only/,
  )
})

test('an exercise is edited and saved, and its check ticks', async () => {
  await openLesson('fork-exec')
  await page.locator('.exercise .lab-button').click()
  await page.locator('.exercise .monaco-editor').click()
  await page.keyboard.press('Control+A')
  await page.keyboard.insertText(
    '#!/bin/sh\n(cd /; ulimit -n 64; exec sh -c \'echo "copy: $PWD $(ulimit -n)"\')\necho "parent: $PWD $(ulimit -n)"\n',
  )
  await page.locator('.exercise .lab-button', { hasText: 'Save' }).click()
  await page.locator('#your-turn .check .lab-button').click()
  await page.waitForSelector('#your-turn .check[data-state=passed]')
})

test('by keyboard alone: a step by Alt+↓, its commands by Ctrl+Enter', async () => {
  await openLesson('cgroup-memory')
  await page.locator('h1').click()
  await page.keyboard.press('Control+Enter')
  await page.waitForSelector('[data-block="look-first/run-1"][data-state=passed]')
  await page.keyboard.press('Alt+ArrowDown')
  await expect.poll(() => page.url()).toContain('#break-it')
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('break-it-title')
})

test('the memory of a cgroup is drawn, live', async () => {
  await runStep('look-first')
  await runStep('limit')
  await page.locator('.machine .live .now', { hasText: 'of 50 MiB' }).waitFor()
  await page.waitForSelector('#limit .check[data-state=passed]')
  await page.screenshot({ path: join(shots, 'cgroup.png') })
})

test('reset puts the lesson back', async () => {
  await page.locator('.bar .lab-button', { hasText: 'Reset' }).click()
  await page.locator('.bar .lab-button', { hasText: /^Reset$/ }).click()
  await page.waitForSelector('#limit .check[data-state=waiting]')
  await page.waitForSelector('.bar[data-state=ready]')
})

test('a VM that dies is said, and is back', async () => {
  const keeper = await KeeperClient.find({ lease: false, onState: () => {} })
  process.kill((await keeper?.ask({ type: 'status' }))?.qemuPid ?? 0, 'SIGKILL')
  keeper?.close()
  await page.waitForSelector('.bar[data-state=lost]')
  await page.waitForSelector('.bar[data-state=ready]', { timeout: 60_000 })
  await runStep('look-first')
})

test('every link of the engine’s story leads to a file, with line numbers, and from there to the next', async () => {
  const address = `http://127.0.0.1:${site.port}`
  const found = new Set(['/engine'])
  // A set may grow while it is walked: in the end, this was everywhere.
  for (const path of found) {
    const response = await page.goto(address + path)
    expect(response?.status(), path).toBe(200)
    const links = page.locator('.vp-doc a:not(.header-anchor)')
    // Without its fragment: to another place of the same page nothing is loaded.
    for (const link of await links.evaluateAll((all) => all.map((one) => (one as HTMLAnchorElement).href)))
      if (link.startsWith(address)) found.add(link.slice(address.length).replace(/#.*$/, ''))
    if (path.includes('.ts')) await page.locator('.line-number', { hasText: /^1$/ }).waitFor()
  }
  expect([...found].filter((path) => path.endsWith('.ts')).length).toBeGreaterThan(12)
  // By clicking, too: scripts that run later must not think that the page is none.
  await page.goto(`${address}/engine`)
  await page.locator('.vp-doc a', { hasText: 'cli/local/run-directory.ts' }).click()
  await page.locator('.vp-code a', { hasText: 'engine/cli/local/run-config.ts' }).click()
  await page.waitForURL('**/engine/cli/local/run-config.ts', { waitUntil: 'networkidle' })
  expect(await page.locator('h1').textContent()).toContain('cli/local/run-config.ts')
})

test.each(['light', 'dark'])('axe finds nothing serious, %s', async (theme) => {
  // Colours on their way from one theme to the other are nobody's.
  await page.emulateMedia({ reducedMotion: 'reduce' })
  for (const path of [
    '/',
    '/lessons/',
    '/lessons/unshare-pid',
    '/engine/',
    '/engine/libcontainer/create.ts',
  ]) {
    await page.goto(`http://127.0.0.1:${site.port}${path}`)
    await page.evaluate((name) => document.documentElement.classList.toggle('dark', name === 'dark'), theme)
    if (path.endsWith('pid')) await page.waitForSelector('.xterm')
    expect(await seriousViolations(page), path).toEqual([])
    await page.screenshot({ path: join(shots, `${theme}${path.replaceAll('/', '-')}.png`) })
  }
})

test('at 360 pixels nothing scrolls sideways, and the terminal opens from below', async () => {
  const phone = await browser.newContext({
    viewport: { width: 360, height: 740 },
    storageState: await context.storageState(),
  })
  const small = await phone.newPage()
  for (const path of [
    '/',
    '/lessons/',
    '/engine/',
    '/engine/libcontainer/cgroups/device-rules.ts',
    '/engine/libcontainer/CONFORMANCE',
  ]) {
    await small.goto(`http://127.0.0.1:${site.port}${path}`)
    expect(await small.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(360)
  }
  await openLesson('unshare-pid', small)
  expect(await small.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360)
  await small.locator('.drawer').click()
  await small.locator('[data-terminal=host] .xterm-rows').waitFor()
  await small.screenshot({ path: join(shots, 'phone.png') })
  await phone.close()
})

/** How the server answers a WebSocket: `open`, or the HTTP status of its refusal. */
function knock(headers: Record<string, string>, port = site.port): Promise<string | number> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/sandbox?lesson=unshare-pid&visitor=12345678`, {
      headers,
    })
    socket.on('open', () => {
      socket.close()
      resolve('open')
    })
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0))
    socket.on('error', () => {})
  })
}

test('without the token, with a wrong one, from another origin or by another name: refused', async () => {
  const cookies = await context.cookies()
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
  const origin = `http://127.0.0.1:${site.port}`
  expect(await knock({ origin, cookie })).toBe('open')
  expect(await knock({ origin })).toBe(401)
  expect(await knock({ origin, cookie: `learn-containers-${site.port}=wrong` })).toBe(401)
  expect(await knock({ origin: 'http://evil.example', cookie })).toBe(403)
  expect(await knock({ cookie })).toBe(403)
  expect(await knock({ origin, cookie, host: `evil.example:${site.port}` })).toBe(421)
  const wrong = await fetch(`http://127.0.0.1:${site.port}/?token=wrong`, { redirect: 'manual' })
  expect([wrong.status, await wrong.text()]).toEqual([
    403,
    expect.stringContaining('Open the one that the terminal shows now'),
  ])
})

test('a page without the token says what to do', async () => {
  const stranger = await browser.newContext()
  const there = await stranger.newPage()
  await there.goto(`http://127.0.0.1:${site.port}/lessons/unshare-pid`)
  await there
    .locator('.bar[data-state=refused]', { hasText: 'open the address that the terminal shows' })
    .waitFor({ timeout: 20_000 })
  await stranger.close()
})

test('paths lead to files of the site only', async () => {
  expect(safePath('/srv/site', '/../../etc/passwd')).toBeUndefined()
  expect(safePath('/srv/site', '/lessons/x')).toBe('/srv/site/lessons/x')
  expect(safePath('/srv/site', '/%2e%2e/%2e%2e/etc/passwd')).toBeUndefined()
  expect(safePath('/srv/site', '/%zz')).toBeUndefined()
  expect((await fetch(`http://127.0.0.1:${site.port}/nope`)).status).toBe(404)
})

test('a second site beside the first takes another port, and shares the VM', async () => {
  const second = await startSite({ root: siteRoot, port: site.port, open: openVm })
  try {
    expect(second.port).not.toBe(site.port)
    expect((await (await second.sandbox).exec('echo both')).stdout).toBe('both\n')
    expect(
      await knock(
        { origin: `http://127.0.0.1:${second.port}`, cookie: `learn-containers-${second.port}=x` },
        second.port,
      ),
    ).toBe(401)
  } finally {
    await second.close()
  }
  await page.waitForSelector('.VPNavBar')
})
