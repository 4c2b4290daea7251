// Options of the log drivers, in Docker's words, and syslog over every kind of socket.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { LogConfig, LogRecord } from '../../../../engine/daemon/logs/driver.ts'
import { codecOf, openLogDriver } from '../../../../engine/daemon/logs/open.ts'
import { attributesOf, fillTag, rotationOf } from '../../../../engine/daemon/logs/options.ts'
import { parseFacility, syslogMessage } from '../../../../engine/daemon/logs/syslog-message.ts'

const info: LogConfig['info'] = {
  id: '0123456789abcdef',
  name: '/web',
  image: 'nginx:1',
  imageId: 'sha256:fedcba9876543210',
  command: 'nginx -g x',
  env: ['A=1', 'B=2=3', 'EMPTY'],
  labels: { 'org.x': 'y', other: 'z' },
}
let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'lc-logs-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

const config = (driver: LogConfig['driver'], options: LogConfig['options']): LogConfig => ({
  ...{ driver, options, info },
  path: join(directory, 'x.log'),
})

describe('options', () => {
  const none = { maxFiles: 1, compress: false }
  const local = { maxSize: 20 * 1024 ** 2, maxFiles: 5, compress: true }

  test.each([
    [{}, none, { maxFiles: 1, compress: false }],
    [{ 'max-size': '10m' }, none, { maxSize: 10_000_000, maxFiles: 1, compress: false }],
    [
      { 'max-size': '1.5k', 'max-file': '3', compress: 'true' },
      none,
      { maxSize: 1500, maxFiles: 3, compress: true },
    ],
    [{}, local, local],
    [{ 'max-size': '-1' }, local, { maxFiles: 5, compress: true }],
    [{ 'max-file': '1' }, local, { maxSize: local.maxSize, maxFiles: 1, compress: false }],
  ])('%j', (options, defaults, expected) => {
    expect(rotationOf(options, defaults)).toEqual(expected)
  })

  test.each([
    [{ 'max-size': 'big' }, "invalid size: 'big'"],
    [{ 'max-size': '0' }, 'max-size must be a positive number'],
    [{ 'max-file': '0' }, 'max-file cannot be less than 1'],
    [{ 'max-file': 'x' }, 'max-file cannot be less than 1'],
    [{ compress: 'maybe' }, 'parsing "maybe" as compress: it is true or false'],
    [{ compress: 'true' }, 'compress cannot be true when max-file is less than 2 or max-size is not set'],
  ])('%j is refused', (options, message) => {
    expect(() => rotationOf(options, none)).toThrow(message)
  })

  test('an option that the driver does not know is refused, and drivers that keep nothing cannot be read', async () => {
    await expect(openLogDriver(config('local', { labels: 'x' }))).rejects.toThrow(
      "unknown log opt 'labels' for log driver local",
    )
    for (const driver of ['none', 'syslog'] as const)
      expect(() => codecOf(config(driver, {}))).toThrow('configured logging driver does not support reading')
  })

  test('labels, environment and tag go along', () => {
    expect(attributesOf({ labels: 'other, none', env: 'B', tag: '{{.Name}}/{{.ID}}' }, info)).toEqual({
      other: 'z',
      B: '2=3',
      tag: 'web/0123456789ab',
    })
    expect(attributesOf({ 'labels-regex': '^org', 'env-regex': '^E' }, info)).toEqual({
      'org.x': 'y',
      EMPTY: '',
    })
    expect(fillTag('{{ .ImageName }} {{.ImageID}} {{.FullID}}', info)).toBe(
      'nginx:1 fedcba987654 0123456789abcdef',
    )
    expect(() => fillTag('{{.Nothing}}', info)).toThrow(/it can have {{.ID}}/)
    expect(() => attributesOf({ 'env-regex': '(' }, info)).toThrow('the pattern "(" cannot be read')
  })
})

const record = (text: string, stream: LogRecord['stream'] = 'stdout'): LogRecord => ({
  ...{ stream, line: Buffer.from(text) },
  time: 1_767_225_600_123_456_789n,
})

describe('syslog', () => {
  const sender = { facility: 3, hostname: 'host', tag: 'web', pid: 7 }

  test('messages', () => {
    expect(String(syslogMessage(record('hello'), 'rfc5424', sender))).toBe(
      '<30>1 2026-01-01T00:00:00Z host web 7 web - hello',
    )
    expect(String(syslogMessage(record('bad', 'stderr'), 'rfc5424micro', sender))).toBe(
      '<27>1 2026-01-01T00:00:00.123456Z host web 7 web - bad',
    )
    expect(String(syslogMessage(record('x'), 'rfc3164', sender))).toMatch(
      /^<30>[A-Z][a-z]{2} [ 1-3]\d \d\d:\d\d:\d\d host web\[7\]: x$/,
    )
    expect(String(syslogMessage(record('x'), '', sender))).toMatch(/^<30>.{15} web\[7\]: x$/)
  })

  test('facilities are names or numbers', () => {
    expect([parseFacility(), parseFacility('local7'), parseFacility('kern'), parseFacility('16')]).toEqual([
      3, 23, 0, 16,
    ])
    expect(() => parseFacility('nothing')).toThrow('invalid syslog facility')
  })

  test('over udp', async () => {
    const server = createSocket('udp4')
    await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve))
    const log = await openLogDriver(
      config('syslog', { 'syslog-address': `udp://127.0.0.1:${server.address().port}`, tag: 't' }),
    )
    const got = once(server, 'message')
    await log.write([record('over udp')])
    expect(String((await got)[0])).toMatch(/ t\[\d+\]: over udp$/)
    await log.close()
    server.close()
  })

  test('over tcp, and again when the daemon was away', async () => {
    let text = ''
    const serve = () =>
      createServer((socket) => {
        socket.on('data', (chunk) => {
          text += chunk
          if (text.includes('goodbye')) socket.destroy()
        })
        socket.on('error', () => {})
      })
    const server = serve()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const log = await openLogDriver(
      config('syslog', { 'syslog-address': `tcp://127.0.0.1:${port}`, 'syslog-format': 'rfc5424' }),
    )
    await log.write([record('one'), record('goodbye')])
    await expect.poll(() => text).toContain('goodbye')
    await expect
      .poll(async () => {
        await log.write([record('again')])
        return text
      })
      .toMatch(/again\n/)
    expect(text).toMatch(/^<30>1 \S+Z \S+ 0123456789ab \d+ 0123456789ab - one\n/)
    await log.close()
    server.close()
  })

  test('over tcp to one that is there and does not read: after a while that is an error, and nobody waits for ever', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const server = createServer((socket) => socket.pause()).listen(0, '127.0.0.1')
      await once(server, 'listening')
      const address = server.address()
      const port = typeof address === 'object' ? address?.port : 0
      const log = await openLogDriver(config('syslog', { 'syslog-address': `tcp://127.0.0.1:${port}` }))
      const line = Buffer.alloc(64 * 1024 ** 2, 'x')
      const written = log.write([{ stream: 'stdout', time: 0n, line }])
      const failed = expect(written).rejects.toThrow(/does not read/)
      let isOver = false
      void failed.finally(() => {
        isOver = true
      })
      while (!isOver) {
        await vi.advanceTimersByTimeAsync(1000)
        await sleep(20)
      }
      await failed
      await log.close()
      server.close()
    } finally {
      vi.useRealTimers()
    }
  })

  test('whose address is wrong, or where nobody is, is one clear error', async () => {
    const open = (address: string) => openLogDriver(config('syslog', { 'syslog-address': address }))
    await expect(open('http://x')).rejects.toThrow("unsupported scheme: 'http'")
    await expect(open('unix:///nowhere')).rejects.toThrow(
      'syslog-address should be an existing path: /nowhere',
    )
    await expect(open('tcp://127.0.0.1:1')).rejects.toThrow('connect to the syslog daemon')
    await expect(open('udp://')).rejects.toThrow(/unsupported|form/)
    await expect(openLogDriver(config('syslog', { 'syslog-format': 'x' }))).rejects.toThrow(
      'Invalid syslog format',
    )
  })
})
