// A lesson before an audience: by keys, with notes in a second window, with a step
// that breaks, and with a class that looks on and can do nothing else.
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import type { Sandbox } from '../../sandbox-vm/sandbox.ts'
import { type Site, startSite } from '../../site/server/server.ts'
import { openBrowser, seriousViolations } from '../suites/browser.ts'
import { openVm } from '../suites/vm.ts'

const root = join(packageRoot(), 'dist/site')
const note = 'Ask the class first. Two hands are enough.'
let site: Site
let browser: Browser
let context: BrowserContext
let page: Page
let scratch: string
let shots: string
let vm: Sandbox
/** Another address than the instructor's: what a LAN is elsewhere. */
let lan: string

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'lc-present-'))
  shots = process.env.LEARN_CONTAINERS_SCREENSHOTS ?? scratch
  // The lessons with a note in one of them. The pages are built without: notes are not in them.
  await cp(join(packageRoot(), 'lessons/content'), join(scratch, 'content'), { recursive: true })
  const lesson = join(scratch, 'content/namespaces/unshare-pid/lesson.md')
  const text = await readFile(lesson, 'utf8')
  await writeFile(
    lesson,
    text.replace(
      '::::: step break-it "Half a namespace"\n',
      `$&::: note\n${note}\n\n- If \`unshare\` hangs: skip.\n:::\n\n`,
    ),
  )
  process.env.LEARN_CONTAINERS_CONTENT = join(scratch, 'content')
  site = await startSite({ root, port: 0, classHosts: ['127.0.0.2'], open: openVm })
  lan = new URL(site.class?.addresses[0] ?? '').origin
  vm = await site.sandbox
  browser = await openBrowser()
  context = await browser.newContext({ viewport: { width: 1920, height: 1080 } })
  page = await context.newPage()
  page.setDefaultTimeout(60_000)
  await page.goto(site.url.replace('/?', '/lessons/unshare-pid?present&'))
})
afterAll(async () => {
  await browser?.close()
  await site?.close()
  delete process.env.LEARN_CONTAINERS_CONTENT
  await rm(scratch, { recursive: true, force: true })
})

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
  await expect
    .poll(() => page.locator('[data-terminal=host] .xterm-rows').textContent(), { timeout: 15_000 })
    .toContain('42 sent')
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
  await page.screenshot({ path: join(shots, 'present-keys.png') })
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
  const opening = context.waitForEvent('page')
  await press('n')
  const notes = await opening
  await notes.locator('.note', { hasText: note }).waitFor()
  await notes.locator('h1', { hasText: 'Half a namespace' }).waitFor()
  await notes.locator('li', { hasText: 'unshare --pid --fork bash' }).waitFor()
  await notes.setViewportSize({ width: 760, height: 820 })
  await notes.screenshot({ path: join(shots, 'present-notes.png') })
  expect(await seriousViolations(notes)).toEqual([])
  await notes.getByRole('button', { name: 'Back' }).click()
  await expect.poll(heading).toBe('What the host sees')
  await notes.locator('.none', { hasText: 'No note' }).waitFor()
  await notes.keyboard.press('PageDown')
  await expect.poll(heading).toBe('Half a namespace')
  await notes.getByRole('button', { name: 'Run' }).click()
  await page.waitForSelector('[data-block="break-it/run-1"][data-state=passed]')
  await notes.close()
  const text = await (await fetch(`http://127.0.0.1:${site.port}/lessons/unshare-pid`)).text()
  expect(text).not.toContain('Two hands')
})

test('a step that broke is skipped: the state is there, without the class waiting for it', async () => {
  await vm.exec('pkill -KILL -f "^bash$" -n')
  await page.locator('[data-terminal=inside]').click()
  await page.keyboard.type('sleep 3600\n')
  await press('Control+`', 's')
  await page.locator('.toast.shown', { hasText: 'Skipping' }).waitFor()
  await page.locator('.toast', { hasText: 'The step is as it should be' }).waitFor({ timeout: 150_000 })
  expect(await state('break-it/check-1')).toBe('passed')
  await press('PageDown', 'Enter')
  await page.waitForSelector('[data-block="enter/run-1"][data-state=passed]')
})

/** Joins as a browser does, without one: the cookie, or the status of the refusal. */
async function enterClass(code: string, headers: Record<string, string> = {}) {
  const answer = await fetch(`${lan}/join`, {
    method: 'POST',
    body: code,
    headers: { origin: lan, ...headers },
  })
  return { status: answer.status, cookie: answer.headers.get('set-cookie')?.split(';')[0] ?? '' }
}

interface Knocked {
  status: string | number
  socket: WebSocket
  messages: { type: string; [key: string]: unknown }[]
}
function knock(path: string, headers: Record<string, string>): Promise<Knocked> {
  const messages: Knocked['messages'] = []
  return new Promise((resolve) => {
    const socket = new WebSocket(lan.replace('http', 'ws') + path, { headers })
    socket.on('message', (data) => messages.push(JSON.parse(String(data))))
    socket.on('open', () => resolve({ status: 'open', socket, messages }))
    socket.on('unexpected-response', (_request, response) =>
      resolve({ status: response.statusCode ?? 0, socket, messages }),
    )
    socket.on('error', () => {})
  })
}

test('a class looks on: a latecomer sees the screens, the step, what is revealed; and may look back', async () => {
  const audience = await browser.newContext({ viewport: { width: 360, height: 740 } })
  const phone = await audience.newPage()
  phone.setDefaultTimeout(60_000)
  await phone.goto(`${lan}/join`)
  expect(await seriousViolations(phone)).toEqual([])
  await phone.fill('input', 'WRONG2')
  await phone.locator('.join button').click()
  await phone.locator('.said', { hasText: 'not the code' }).waitFor()
  await phone.screenshot({ path: join(shots, 'class-join.png') })
  await phone.fill('input', ` ${site.class?.code.toLowerCase().replace(/^.../, '$& ')}`)
  await phone.locator('.join button').click()
  await phone.waitForURL('**/lessons/unshare-pid?class')
  await phone.locator('h1', { hasText: 'Mount a /proc that is yours' }).waitFor()
  await phone.locator('[data-block="enter/run-1"][data-state=passed]').waitFor()
  await expect
    .poll(() => phone.locator('[data-terminal=inside] .xterm-rows').textContent(), { timeout: 15_000 })
    .toContain('exit')
  await page.locator('.class button', { hasText: '1 looking on' }).waitFor()
  await press('Enter')
  await phone.locator('[data-block="enter/run-2"][data-state=passed]').waitFor()
  await press('Enter')
  await expect
    .poll(() => phone.locator('[data-terminal=inside] .xterm-rows').textContent(), { timeout: 15_000 })
    .toMatch(/ps -e[\s\S]*bash/)
  await phone.locator('.live .boxed, .live .process').first().waitFor()
  expect(await phone.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360)
  expect(await seriousViolations(phone)).toEqual([])
  await phone.screenshot({ path: join(shots, 'class-phone.png'), fullPage: true })
  await phone.getByRole('button', { name: 'Step before' }).click()
  await phone.locator('h1', { hasText: 'Half a namespace' }).waitFor()
  await press('PageDown')
  await phone.locator('button', { hasText: 'Back to step 4' }).click()
  await phone.locator('h1', { hasText: 'One process, two numbers' }).waitFor()
  expect(await phone.content()).not.toContain('Two hands')
  await phone.goto(`${lan}/lessons/fork-exec`)
  await phone.locator('.bar', { hasText: 'reading only' }).waitFor()
  await audience.close()
})

test('an attacker in class cannot reach the sandbox, whatever is sent', async () => {
  const { cookie } = await enterClass(site.class?.code ?? '')
  const good = { origin: lan, cookie }
  const sandboxPath = '/sandbox?lesson=unshare-pid&visitor=12345678'
  expect((await knock(sandboxPath, good)).status).toBe(404)
  expect((await knock('/class', { origin: lan })).status).toBe(401)
  expect((await knock('/class', { origin: lan, cookie: 'learn-containers-class-1=x' })).status).toBe(401)
  expect((await knock('/class', { ...good, origin: 'http://evil.example' })).status).toBe(403)
  expect((await knock('/class', { ...good, host: 'evil.example' })).status).toBe(421)
  for (const request of [
    { type: 'run', id: 'enter/run-1' },
    { type: 'input', terminal: 'host', data: 'touch /root/owned\r' },
    { type: 'write', id: 'x', text: 'x' },
    { type: 'read', id: 'x' },
    { type: 'reset', force: true },
    { type: 'catch-up', step: 'enter' },
    { type: 'present', stage: { step: 'enter', revealed: [], terminals: [], blank: true } },
    { type: 'follow', on: true, data: 'more' },
    'nonsense',
  ]) {
    const { socket, messages } = await knock('/class', good)
    socket.send(JSON.stringify(request))
    const code = await new Promise((resolve) => socket.on('close', resolve))
    expect(code, JSON.stringify(request)).toBe(1008)
    expect(JSON.stringify(messages)).not.toContain(note)
  }
  // The class' cookie at the instructor's door, under both names.
  const value = cookie.split('=')[1]
  for (const name of [`learn-containers-${site.port}`, cookie.split('=')[0]]) {
    const refused = await new Promise((resolve) => {
      const socket = new WebSocket(`ws://127.0.0.1:${site.port}${sandboxPath}`, {
        headers: { origin: `http://127.0.0.1:${site.port}`, cookie: `${name}=${value}` },
      })
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode))
      socket.on('open', () => resolve('open'))
      socket.on('error', () => {})
    })
    expect(refused).toBe(401)
  }
  expect((await vm.exec('test ! -e /root/owned; echo $?')).stdout).toBe('0\n')
  expect((await fetch(`http://127.0.0.1:${site.port}/join`, { method: 'POST', body: 'x' })).status).toBe(405)
  expect(await heading()).toBe('One process, two numbers')
})

test('fifty look on at once: each gets everything, and one that does not read costs nothing', async () => {
  const { cookie } = await enterClass(site.class?.code ?? '')
  const viewers = await Promise.all(
    Array.from({ length: 50 }, () => knock('/class', { origin: lan, cookie })),
  )
  await expect
    .poll(() => viewers.filter(({ messages }) => messages.some(({ type }) => type === 'hello')).length)
    .toBe(50)
  await page.locator('.class button', { hasText: '50 looking on' }).waitFor()
  // One stops reading, and much is printed.
  viewers[0]?.socket.pause()
  await page.locator('[data-terminal=host]').click()
  const before = process.memoryUsage().rss
  await page.keyboard.type('seq 1 60000; echo the $((41 + 1)) end\n')
  await expect
    .poll(
      () => viewers.filter(({ messages }) => JSON.stringify(messages.slice(-12)).includes('42 end')).length,
      {
        timeout: 60_000,
      },
    )
    .toBe(49)
  const bytes = viewers.map(({ messages }) => JSON.stringify(messages).length)
  console.log(
    `50 viewers: ${Math.max(...bytes)} bytes each, resident memory +${((process.memoryUsage().rss - before) / 1e6).toFixed(0)} MB`,
  )
  expect(Math.max(...bytes)).toBeLessThan(2_000_000)
  for (const { socket } of viewers) socket.terminate()
  await page.locator('.class button', { hasText: '0 looking on' }).waitFor()
})

test('codes are tried ten times a minute, and a right one waits with the wrong ones', async () => {
  expect((await enterClass('ABCDEF', { origin: 'http://evil.example' })).status).toBe(403)
  const tries = []
  for (let count = 0; count < 12; count++) tries.push((await enterClass(`AAAA${count}`)).status)
  expect(tries).toContain(403)
  expect(tries.at(-1)).toBe(429)
  expect((await enterClass(site.class?.code ?? '')).status).toBe(429)
})

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
    await page.screenshot({ path: join(shots, `present-${theme}-${height}-${step || 'title'}.png`) })
  }
  expect(await seriousViolations(page)).toEqual([])
})
