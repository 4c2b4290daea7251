// What names of registries mean, how challenges read, when one asks again: the pure parts.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseChallenges } from '../../../../engine/distribution/challenge.ts'
import { answerError } from '../../../../engine/distribution/errors.ts'
import { endpointsOf, serverOf } from '../../../../engine/distribution/registry.ts'
import { pauseBefore } from '../../../../engine/distribution/retry.ts'

describe('names', () => {
  const bases = async (...args: Parameters<typeof endpointsOf>): Promise<string[]> =>
    (await endpointsOf(...args)).map(({ base }) => base)

  test('docker.io is registry-1.docker.io, after its mirrors, which get no pushes', async () => {
    const mirrors = ['https://mirror.example/hub/', 'http://127.0.0.1:5001', 'cache.example']
    expect(await bases('docker.io', 'pull', { mirrors })).toEqual([
      'https://mirror.example/hub',
      'http://127.0.0.1:5001',
      'https://cache.example',
      'https://registry-1.docker.io',
    ])
    expect(await bases('docker.io', 'push', { mirrors })).toEqual(['https://registry-1.docker.io'])
  })
  test('only the Hub is asked with the password of the Hub', async () => {
    const endpoints = await endpointsOf('docker.io', 'pull', { mirrors: ['https://mirror.example'] })
    expect(endpoints.map(({ server }) => server)).toEqual(['mirror.example', 'https://index.docker.io/v1/'])
    expect(serverOf('')).toBe(serverOf('docker.io'))
    expect(serverOf('a.example:5000')).toBe('a.example:5000')
  })
  test.each(['localhost', 'localhost:5000', '127.0.0.1:5000', '127.9.9.9', '[::1]:5000'])(
    'this machine needs no proof: %s',
    async (host) => expect(await bases(host, 'pull', {})).toEqual([`https://${host}`, `http://${host}`]),
  )
  test.each([
    ['10.1.2.3:5000', '10.0.0.0/8', true],
    ['10.1.2.3:5000', '10.1.2.3:5000', true],
    ['10.1.2.3:5000', '10.1.2.3', true],
    ['10.1.2.3:5000', '10.1.2.3:5001', false],
    ['11.1.2.3:5000', '10.0.0.0/8', false],
    ['[fd00::1]:5000', 'fd00::/8', true],
    ['REG.invalid:5000', 'reg.invalid:5000', true],
  ])('%s with %s insecure: %s', async (host, insecure, expected) => {
    const [first] = await endpointsOf(host, 'pull', { insecureRegistries: [insecure] })
    expect(first?.insecure).toBe(expected)
  })
  test.each([
    [{ insecureRegistries: ['https://a.example'] }, /leave out https/],
    [{ insecureRegistries: ['10.0.0.0/33'] }, /neither host/],
    [{ insecureRegistries: [''] }, /neither host/],
    [{ mirrors: ['ftp://a'] }, /is no address/],
    [{ mirrors: ['https://mia:secret@a.example'] }, /^registry-mirrors: a.example has a password/],
  ])('%j is refused', async (options, message) => {
    await expect(endpointsOf('docker.io', 'pull', options)).rejects.toThrow(message)
  })
})

describe('challenges', () => {
  test.each<[string | string[], unknown[]]>([
    ['Basic realm="x"', [['basic', { realm: 'x' }]]],
    [
      'Bearer realm="https://a/t",service="s",scope="repository:a:pull,push"',
      [['bearer', { realm: 'https://a/t', service: 's', scope: 'repository:a:pull,push' }]],
    ],
    [
      'Bearer realm="a" , Basic realm="b\\"c"',
      [
        ['bearer', { realm: 'a' }],
        ['basic', { realm: 'b"c' }],
      ],
    ],
    [
      ['Negotiate', 'BEARER Realm=a'],
      [
        ['negotiate', {}],
        ['bearer', { realm: 'a' }],
      ],
    ],
    ['', []],
    ['"', []],
  ])('%j', (text, expected) => {
    expect(parseChallenges(text).map(({ scheme, parameters }) => [scheme, { ...parameters }])).toEqual(
      expected,
    )
  })
  test('whatever a header says, it is read or left, in a moment', () => {
    const part = fc.constantFrom('Bearer', 'Basic', ' ', ',', '=', '"', '\\', 'realm', 'x', '\t', '__proto__')
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(part, { maxLength: 60 }).map((all) => all.join('')),
        ),
        (text) => {
          for (const { scheme } of parseChallenges(text)) expect(scheme).not.toBe('')
        },
      ),
    )
    for (const text of [
      ' '.repeat(16_000),
      `Basic ${' '.repeat(16_000)}=`,
      'a '.repeat(8000),
      `a x="${'\\'.repeat(16_000)}`,
    ])
      expect(parseChallenges(text).length).toBeLessThanOrEqual(8000)
  })
  test('what was taken apart can be put together', () => {
    const word = fc.stringMatching(/^[a-z]{1,8}$/)
    const one = fc.tuple(word, fc.dictionary(word, fc.string({ unit: 'grapheme-ascii' }), { minKeys: 1 }))
    fc.assert(
      fc.property(fc.array(one), (challenges) => {
        const text = challenges
          .map(([scheme, parameters]) => {
            const pairs = Object.entries(parameters)
            return `${scheme} ${pairs.map(([k, v]) => `${k}="${v.replace(/[\\"]/g, '\\$&')}"`).join(',')}`
          })
          .join(', ')
        expect(parseChallenges(text).map(({ scheme, parameters }) => [scheme, { ...parameters }])).toEqual(
          challenges.map(([scheme, parameters]) => [scheme, { ...parameters }]),
        )
      }),
    )
  })
})

describe('asking again', () => {
  test('pauses double, and differ', () => {
    for (let attempt = 1; attempt < 6; attempt++) {
      const pause = pauseBefore(attempt, 100) ?? 0
      expect(pause).toBeGreaterThanOrEqual(100 * 2 ** (attempt - 2))
      expect(pause).toBeLessThanOrEqual(100 * 2 ** (attempt - 1))
    }
  })
  test('Retry-After is obeyed, in seconds or as a date, unless it asks too much', () => {
    expect(pauseBefore(1, 1, '2')).toBe(2000)
    expect(pauseBefore(1, 1, 'Thu, 01 Jan 1970 00:00:10 GMT', 0)).toBe(10_000)
    expect(pauseBefore(1, 1, '21600')).toBeUndefined()
    expect(pauseBefore(1, 1, 'soon')).toBeLessThanOrEqual(1)
    expect(pauseBefore(1, 1, '-5')).toBeLessThanOrEqual(1)
  })
})

describe('refusals', () => {
  const url = new URL('https://registry.example/v2/a/manifests/1')
  const line = (status: number, body: string, headers: Record<string, string> = {}): string =>
    answerError('manifest for a:1', { status, headers, url }, body).message
  const said = (code: string, message: string): string => JSON.stringify({ errors: [{ code, message }] })

  test.each([
    [404, said('MANIFEST_UNKNOWN', 'manifest unknown'), 'manifest for a:1 not found: manifest unknown'],
    [404, said('NAME_UNKNOWN', ''), 'manifest for a:1 not found: NAME_UNKNOWN'],
    [
      401,
      said('UNAUTHORIZED', 'authentication required'),
      /wants a login: authentication required: tocker login/,
    ],
    [403, said('DENIED', 'requested access to the resource is denied'), /access denied, or there is no such/],
    [429, said('TOOMANYREQUESTS', 'slow down'), /limits requests: slow down: log in/],
    [500, '<html><h1>Oops</h1></html>', /answered with a web page \(status 500\)/],
    [502, '', /cannot answer now: status 502: try again later/],
    [405, said('UNSUPPORTED', 'no'), /does not offer this: no/],
    [400, '{"message":"bad"}', /refused: bad/],
    [407, '', /HTTPS_PROXY/],
  ])('%i %s', (status, body, expected) => expect(line(status, body)).toMatch(expected))

  test('how long to wait is told', () => {
    expect(line(429, '', { 'retry-after': '90' })).toMatch(/try again in 90 s$/)
  })
  test('a registry cannot write to the terminal, nor at length', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 300, max: 599 }),
        fc.string({ unit: 'binary' }),
        fc.boolean(),
        (status, text, wrap) => {
          const message = line(status, wrap ? said(text, text) : text, { 'content-type': text })
          expect(message).not.toMatch(/[\p{Cc}\p{Cf}]/u)
          expect(message.length).toBeLessThan(700)
        },
      ),
    )
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(line(400, JSON.stringify({ errors: value }))).toMatch(/^manifest for a:1: /)
        expect(line(400, JSON.stringify(value))).toMatch(/^manifest for a:1/)
      }),
    )
    expect(line(400, said('X', '\u001b[2J\n\nhello\r\u202eworld'))).toMatch(/refused: \[2J hello world$/)
  })
})
