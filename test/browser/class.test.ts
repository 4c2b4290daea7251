// A class that looks on from the network, and can do nothing else.
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { seriousViolations } from '../suites/browser.ts'
import { note, openStage, type Stage } from '../suites/stage.ts'

let stage: Stage
/** The instructor's. */
let page: Page

beforeAll(async () => {
  stage = await openStage('unshare-pid')
  page = stage.page
  await page.waitForSelector('.sandbox[data-state=ready]')
  await press('PageDown', 'PageDown', 'PageDown', 'Enter')
  await page.waitForSelector('[data-block="enter/run-1"][data-state=passed]')
  await page.locator('[data-terminal=inside]').click()
  await page.keyboard.type('echo $((40 + 2)) before\n')
  await press('Control+`')
})
afterAll(() => stage?.close())

const heading = (): Promise<string | null> => page.locator('.pane h1').textContent()

async function press(...keys: string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key)
}

/** Joins as a browser does, without one: the cookie, or the status of the refusal. */
async function enterClass(code: string, headers: Record<string, string> = {}) {
  const answer = await fetch(`${stage.lan}/join`, {
    method: 'POST',
    body: code,
    headers: { origin: stage.lan, ...headers },
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
    const socket = new WebSocket(stage.lan.replace('http', 'ws') + path, { headers })
    socket.on('message', (data) => messages.push(JSON.parse(String(data))))
    socket.on('open', () => resolve({ status: 'open', socket, messages }))
    socket.on('unexpected-response', (_request, response) =>
      resolve({ status: response.statusCode ?? 0, socket, messages }),
    )
    socket.on('error', () => {})
  })
}

test('a class looks on: a latecomer sees the screens, the step, what is revealed; and may look back', async () => {
  const audience = await stage.browser.newContext({ viewport: { width: 360, height: 740 } })
  // Nobody looks on when the next test counts.
  onTestFinished(() => audience.close())
  const phone = await audience.newPage()
  phone.setDefaultTimeout(60_000)
  await phone.goto(`${stage.lan}/join`)
  expect(await seriousViolations(phone)).toEqual([])
  await phone.fill('.join input', 'WRONG2')
  await phone.locator('.join button').click()
  await phone.locator('.said', { hasText: 'not the code' }).waitFor()
  await phone.screenshot({ path: join(stage.shots, 'class-join.png') })
  await phone.fill('.join input', ` ${stage.site.class?.code.toLowerCase().replace(/^.../, '$& ')}`)
  await phone.locator('.join button').click()
  await phone.waitForURL('**/lessons/unshare-pid?class')
  await phone.locator('h1', { hasText: 'Mount a /proc that is yours' }).waitFor()
  await phone.locator('[data-block="enter/run-1"][data-state=passed]').waitFor()
  await expect
    .poll(() => phone.locator('[data-terminal=inside] .xterm-rows').textContent())
    .toContain('42 before')
  await page.locator('.class button', { hasText: '1 looking on' }).waitFor()
  await press('Enter')
  await phone.locator('[data-block="enter/run-2"][data-state=passed]').waitFor()
  await press('Enter')
  await expect
    .poll(() => phone.locator('[data-terminal=inside] .xterm-rows').textContent())
    .toMatch(/ps -e[\s\S]*bash/)
  await phone.locator('.live [data-process]').first().waitFor()
  expect(await phone.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360)
  expect(await seriousViolations(phone)).toEqual([])
  await phone.screenshot({ path: join(stage.shots, 'class-phone.png'), fullPage: true })
  await phone.getByRole('button', { name: 'Step before' }).click()
  await phone.locator('h1', { hasText: 'Half a namespace' }).waitFor()
  await press('PageDown')
  await phone.locator('button', { hasText: 'Back to step 4' }).click()
  await phone.locator('h1', { hasText: 'One process, two numbers' }).waitFor()
  expect(await phone.content()).not.toContain('Two hands')
  await phone.goto(`${stage.lan}/lessons/fork-exec`)
  await phone.locator('.bar', { hasText: 'reading only' }).waitFor()
})

test('an attacker in class cannot reach the sandbox, whatever is sent', async () => {
  const { cookie } = await enterClass(stage.site.class?.code ?? '')
  const good = { origin: stage.lan, cookie }
  const sandboxPath = '/sandbox?lesson=unshare-pid&visitor=12345678'
  expect((await knock(sandboxPath, good)).status).toBe(404)
  expect((await knock('/class', { origin: stage.lan })).status).toBe(401)
  expect((await knock('/class', { origin: stage.lan, cookie: 'learn-containers-class-1=x' })).status).toBe(
    401,
  )
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
  for (const name of [`learn-containers-${stage.site.port}`, cookie.split('=')[0]]) {
    const refused = await new Promise((resolve) => {
      const socket = new WebSocket(`ws://127.0.0.1:${stage.site.port}${sandboxPath}`, {
        headers: { origin: `http://127.0.0.1:${stage.site.port}`, cookie: `${name}=${value}` },
      })
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode))
      socket.on('open', () => resolve('open'))
      socket.on('error', () => {})
    })
    expect(refused).toBe(401)
  }
  expect((await stage.vm.exec('test ! -e /root/owned; echo $?')).stdout).toBe('0\n')
  expect(
    (await fetch(`http://127.0.0.1:${stage.site.port}/join`, { method: 'POST', body: 'x' })).status,
  ).toBe(405)
  expect(await heading()).toBe('One process, two numbers')
})

/** The last of what a viewer was told of the terminals, as text. */
function printed(messages: Knocked['messages']): string {
  const told = messages.slice(-12).map((message) => {
    const event = message.event as { type?: string; data?: string } | undefined
    return event?.type === 'output'
      ? Buffer.from(event.data ?? '', 'base64').toString()
      : JSON.stringify(message)
  })
  return told.join('')
}

test('fifty look on at once: each gets everything, and one that does not read costs nothing', async () => {
  const { cookie } = await enterClass(stage.site.class?.code ?? '')
  const viewers = await Promise.all(
    Array.from({ length: 50 }, () => knock('/class', { origin: stage.lan, cookie })),
  )
  onTestFinished(() => {
    for (const { socket } of viewers) socket.terminate()
  })
  await expect
    .poll(() => viewers.filter(({ messages }) => messages.some(({ type }) => type === 'hello')).length)
    .toBe(50)
  await page.locator('.class button', { hasText: '50 looking on' }).waitFor()
  // One stops reading, and much is printed.
  viewers[0]?.socket.pause()
  await page.locator('[data-terminal=host]').click()
  const before = process.memoryUsage().rss
  await page.keyboard.type('seq 1 20000; echo the $((41 + 1)) end\n')
  await expect
    .poll(() => viewers.filter(({ messages }) => printed(messages).includes('42 end')).length, {
      timeout: 150_000,
    })
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
  expect((await enterClass(stage.site.class?.code ?? '')).status).toBe(429)
})
