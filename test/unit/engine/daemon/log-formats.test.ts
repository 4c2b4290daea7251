// What log drivers write: byte for byte what Docker writes, and every byte comes back.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Bytes } from '../../../../engine/daemon/logs/bytes.ts'
import { formatTime, nanoseconds, parseTime } from '../../../../engine/daemon/logs/clock.ts'
import type { LogCodec, RandomRead } from '../../../../engine/daemon/logs/codec.ts'
import type { LogRecord } from '../../../../engine/daemon/logs/driver.ts'
import { jsonFile } from '../../../../engine/daemon/logs/json-file.ts'
import { Lines } from '../../../../engine/daemon/logs/lines.ts'
import { local } from '../../../../engine/daemon/logs/local.ts'

const time = 1_767_225_600_123_456_000n

function encode(codec: LogCodec, records: readonly LogRecord[]): Buffer {
  const bytes = new Bytes(10)
  for (const record of records) codec.encode(record, bytes)
  return Buffer.from(bytes.whole)
}

function line(text: string | Buffer, more: Partial<LogRecord> = {}): LogRecord {
  return { stream: 'stdout', time, line: Buffer.from(text), ...more }
}

describe('json-file', () => {
  // What Docker 20.10's encoder makes of the same lines.
  test.each([
    ['hello', '"hello\\n"'],
    ['', '"\\n"'],
    ['a"b\\c', '"a\\"b\\\\c\\n"'],
    ['<b>&', '"\\u003cb\\u003e\\u0026\\n"'],
    ['\t\r\u0007\u001b[0m', '"\\u0009\\r\\u0007\\u001b[0m\\n"'],
    ['größe 漢字 🐳', '"größe 漢字 🐳\\n"'],
    ['\u2028\u2029\u202a', '"\\u2028\\u2029\u202a\\n"'],
    ['\u007f', '"\u007f\\n"'],
  ])('%j', (text, expected) => {
    expect(encode(jsonFile(), [line(text)]).toString()).toBe(
      `{"log":${expected},"stream":"stdout","time":"2026-01-01T00:00:00.123456Z"}\n`,
    )
  })

  test('is what Docker 20.10.24 wrote of the same output', () => {
    const output = Buffer.from(
      '746162096865726520 3c623e2622 5c 20 01 1b5b306d 20 e280a8 20 6772c3b6c39f65 20 ff'.replaceAll(' ', ''),
      'hex',
    )
    const at = parseTime('2026-11-28T19:49:50.385451383Z') ?? 0n
    const written = encode(jsonFile(), [line(output, { time: at })]).toString()
    expect(written.replace(/"raw":"[^"]*",/, '')).toBe(
      '{"log":"tab\\u0009here \\u003cb\\u003e\\u0026\\"\\\\ \\u0001\\u001b[0m \\u2028 größe \ufffd\\n","stream":"stdout","time":"2026-11-28T19:49:50.385451383Z"}\n',
    )
  })

  test('a piece of a line has no newline, attributes come before the time, and bytes that are no text are kept', () => {
    const partial = { id: 'x', ordinal: 1, last: false }
    expect(
      encode(jsonFile({ b: '2', a: '<1>' }), [line('x', { partial, stream: 'stderr' })]).toString(),
    ).toBe(
      '{"log":"x","stream":"stderr","attrs":{"a":"\\u003c1\\u003e","b":"2"},"time":"2026-01-01T00:00:00.123456Z"}\n',
    )
    expect(encode(jsonFile(), [line(Buffer.from([0x61, 0xff, 0x62]))]).toString()).toBe(
      '{"log":"a\ufffdb\\n","stream":"stdout","raw":"Yf9i","time":"2026-01-01T00:00:00.123456Z"}\n',
    )
  })

  test('attributes are read back with each line', () => {
    const attributes = { a: '1', b: '<2>' }
    const written = encode(jsonFile(attributes), [line('x'), line('y')])
    const records = jsonFile().decoder()(written)
    expect(records).toEqual([
      { ...line('x'), attributes },
      { ...line('y'), attributes },
    ])
  })

  test('what is no record is passed over', () => {
    const text = `nonsense\n{"log":1}\n{"log":"x\\n","stream":"stdin","time":"2026-01-01T00:00:00Z"}\n{}\n`
    const good = encode(jsonFile(), [line('good')])
    expect(jsonFile().decoder()(Buffer.concat([Buffer.from(text), good]))).toEqual([line('good')])
  })
})

describe('local', () => {
  test('is the protocol buffer of Docker, with its length at both ends', () => {
    const bytes = encode(local, [line('hi', { time: 300n })])
    // protoc --encode of source "stdout", time_nano 300, line "hi".
    const entry = Buffer.from('0a067374646f757410ac021a026869', 'hex')
    const length = Buffer.from([0, 0, 0, entry.length])
    expect(bytes).toEqual(Buffer.concat([length, entry, length]))
  })

  test('is what Docker 20.10.24 wrote of the same output', () => {
    const id = 'f55e21e1fa759612ac27d7f286dc1585a0183b3f35584760f04179fc36eee59e'
    const frame = Buffer.from('0000005e0a067374646f757410abff82ca81ab93f6181a02686f20012a441240', 'hex')
    const written = Buffer.concat([frame, Buffer.from(id), Buffer.from('18010000005e', 'hex')])
    const [record] = local.decoder()(written)
    expect(record).toMatchObject({
      stream: 'stdout',
      line: Buffer.from('ho'),
      partial: { id, ordinal: 1, last: false },
    })
    expect(record && encode(local, [record])).toEqual(written)
  })

  test('a partial line has its metadata', () => {
    const bytes = encode(local, [line('hi', { time: 300n, partial: { id: 'ab', ordinal: 2, last: true } })])
    expect(bytes.subarray(4, -4).toString('hex')).toBe(
      '0a067374646f757410ac021a026869' + '2a08' + '0801' + '12026162' + '1802',
    )
  })
})

const record = fc.record({
  stream: fc.constantFrom('stdout' as const, 'stderr' as const),
  time: fc.bigInt({ min: 0n, max: 4_000_000_000_000_000_000n }),
  line: fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc.string({ unit: 'grapheme' }).map((text) => Buffer.from(text)),
  ),
})

/** As a file of these bytes. */
const readFrom =
  (bytes: Buffer): RandomRead =>
  (buffer, position) =>
    bytes.copy(buffer, 0, position)

describe.each([
  ['json-file', jsonFile()],
  ['local', local],
] as const)('%s', (name, codec) => {
  test('every byte comes back, however the file is cut in pieces', () => {
    fc.assert(
      fc.property(fc.array(record), fc.array(fc.integer({ min: 1, max: 300 })), (records, cuts) => {
        const whole = records.map((one) =>
          name === 'local' ? one : { ...one, line: withoutNewlines(one.line) },
        )
        const bytes = encode(codec, whole)
        const decode = codec.decoder()
        const back: LogRecord[] = []
        let at = 0
        for (const cut of [...cuts, bytes.length]) {
          back.push(...decode(bytes.subarray(at, at + cut)))
          at += cut
        }
        expect(back).toEqual(whole)
      }),
    )
  })

  test('the last so many begin where tail() says', () => {
    fc.assert(
      fc.property(fc.array(record), fc.integer({ min: 0, max: 20 }), (records, count) => {
        const bytes = encode(codec, records)
        const { offset, found } = codec.tail(readFrom(bytes), bytes.length, count)
        expect(found).toBe(Math.min(count, records.length))
        expect(codec.decoder()(bytes.subarray(offset))).toHaveLength(found)
      }),
    )
  })

  test('a file that ends in the middle of a record is whole up to that record', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1 }), fc.nat(), (records, cut) => {
        const complete = encode(codec, records.slice(0, -1))
        const bytes = encode(codec, records)
        const torn = bytes.subarray(0, complete.length + (cut % (bytes.length - complete.length)))
        expect(codec.whole(readFrom(torn), torn.length)).toBe(complete.length)
      }),
    )
  })
})

/** A line of output has none. */
function withoutNewlines(bytes: Buffer): Buffer {
  return Buffer.from(bytes.filter((byte) => byte !== 10))
}

describe('lines', () => {
  const longest = 16 * 1024
  const cut = (chunks: readonly Buffer[]): LogRecord[] => {
    const lines = new Lines('stdout', () => 5n)
    return [...chunks.flatMap((chunk) => lines.take(chunk)), ...lines.end()]
  }

  test('lines are cut at newlines and after 16 KiB, as Docker cuts them', () => {
    const shape = (text: string) =>
      cut([Buffer.from(text)]).map(({ line: { length }, partial }) => [
        length,
        partial?.ordinal,
        partial?.last,
      ])
    expect(shape('a\n\nbc\n')).toEqual([
      [1, undefined, undefined],
      [0, undefined, undefined],
      [2, undefined, undefined],
    ])
    expect(shape('no end')).toEqual([[6, 1, false]])
    expect(shape(`${'x'.repeat(longest - 1)}\n`)).toEqual([[longest - 1, undefined, undefined]])
    expect(shape(`${'x'.repeat(longest)}\n`)).toEqual([
      [longest, 1, false],
      [0, 2, true],
    ])
    expect(shape(`${'x'.repeat(2 * longest + 3)}\ny\n`)).toEqual([
      [longest, 1, false],
      [longest, 2, false],
      [3, 3, true],
      [1, undefined, undefined],
    ])
  })

  test('however output arrives, the same bytes make the same records', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.constantFrom('a', 'é', '\n', 'xyz', 'b'.repeat(5000)), fc.integer({ min: 1, max: 6 })),
        ),
        fc.array(fc.integer({ min: 1, max: 20_000 })),
        (parts, cuts) => {
          const bytes = Buffer.from(parts.map(([text, times]) => text.repeat(times)).join(''))
          const chunks: Buffer[] = []
          let at = 0
          for (const size of [...cuts, bytes.length]) {
            chunks.push(bytes.subarray(at, at + size))
            at += size
          }
          const anonymous = ({ partial, ...rest }: LogRecord) => ({
            ...rest,
            partial: partial && { ...partial, id: '' },
          })
          expect(cut(chunks).map(anonymous)).toEqual(cut([bytes]).map(anonymous))
          const text = cut(chunks).map(
            ({ line: own, partial }) => `${own}${partial && !partial.last ? '' : '\n'}`,
          )
          expect(text.join('')).toBe(bytes.toString())
        },
      ),
    )
  })

  test('the pieces of a line have one id and one time', () => {
    let now = 0n
    const lines = new Lines('stderr', () => ++now)
    const pieces = [
      ...lines.take(Buffer.alloc(longest, 'x')),
      ...lines.take(Buffer.alloc(longest, 'x')),
      ...lines.take(Buffer.from('\nz\n')),
    ]
    expect(pieces.map((one) => one.time)).toEqual([1n, 1n, 1n, 3n])
    expect(new Set(pieces.map((one) => one.partial?.id)).size).toBe(2)
  })
})

describe('times', () => {
  test('have nanoseconds, and no zeros at the end', () => {
    expect(formatTime(time)).toBe('2026-01-01T00:00:00.123456Z')
    expect(formatTime(1_767_225_600_000_000_000n)).toBe('2026-01-01T00:00:00Z')
    expect(formatTime(1_767_225_600_000_000_001n)).toBe('2026-01-01T00:00:00.000000001Z')
  })

  test('come back from their text', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 4_000_000_000_000_000_000n }), (one) => {
        expect(parseTime(formatTime(one))).toBe(one)
      }),
    )
    expect(parseTime('2026-01-01T01:00:00+01:00')).toBe(1_767_225_600_000_000_000n)
    expect(parseTime('yesterday')).toBeUndefined()
  })

  test('now is now', () => {
    expect(Math.abs(Number(nanoseconds() / 1_000_000n) - Date.now())).toBeLessThan(1000)
  })
})
