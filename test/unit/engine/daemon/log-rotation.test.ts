// Files that rotate, and readers that follow them: nothing lost, nothing doubled.
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LogCodec } from '../../../../engine/daemon/logs/codec.ts'
import type { LogRecord } from '../../../../engine/daemon/logs/driver.ts'
import { jsonFile } from '../../../../engine/daemon/logs/json-file.ts'
import { local } from '../../../../engine/daemon/logs/local.ts'
import { type ReadOptions, readLog } from '../../../../engine/daemon/logs/read.ts'
import { RotatingLog, type RotationOptions } from '../../../../engine/daemon/logs/rotate.ts'

let directory: string
let count = 0
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'lc-logs-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

/** A place for the log of one test. */
function place(): string {
  return join(directory, String(count++), 'x.log')
}

/** Record number `number`, as long as asked. */
function numbered(number: number, length = 0): LogRecord {
  return { stream: 'stdout', time: BigInt(number) * 1000n, line: Buffer.from(`${number}`.padEnd(length)) }
}

const numberOf = ({ line }: LogRecord): number => Number(line)

async function read(path: string, codec: LogCodec, options: ReadOptions = {}): Promise<number[]> {
  const numbers: number[] = []
  for await (const records of readLog(path, codec, options)) numbers.push(...records.map(numberOf))
  return numbers
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at)

async function write(
  path: string,
  options: RotationOptions,
  numbers: readonly number[],
  codec: LogCodec = jsonFile(),
) {
  const log = new RotatingLog(path, codec, options)
  for (const number of numbers) await log.write([numbered(number)])
  await log.close()
}

describe('rotation', () => {
  const lineLength = `{"log":"1\\n","stream":"stdout","time":"1970-01-01T00:00:00.000001Z"}\n`.length

  test('begins a new file when the old one is full, keeps so many, and names them as Docker does', async () => {
    const path = place()
    await write(path, { maxSize: 2 * lineLength, maxFiles: 3, compress: false }, range(1, 9))
    expect(readdirSync(join(path, '..')).sort()).toEqual(['x.log', 'x.log.1', 'x.log.2'])
    expect(readFileSync(path, 'utf8')).toMatch(/^{"log":"9\\n".*\n$/)
    expect(readFileSync(`${path}.1`, 'utf8').match(/"log":"\d/g)).toEqual(['"log":"7', '"log":"8'])
    expect(await read(path, jsonFile())).toEqual(range(5, 9))
  })

  test('with one file, what is full goes', async () => {
    const path = place()
    await write(path, { maxSize: 2 * lineLength, maxFiles: 1, compress: false }, range(1, 5))
    expect(readdirSync(join(path, '..'))).toEqual(['x.log'])
    expect(await read(path, jsonFile())).toEqual([5])
  })

  test('compresses what is finished, and reads it back', async () => {
    const path = place()
    await write(path, { maxSize: 2 * lineLength, maxFiles: 3, compress: true }, range(1, 9))
    expect(readdirSync(join(path, '..')).sort()).toEqual(['x.log', 'x.log.1.gz', 'x.log.2.gz'])
    expect(gunzipSync(readFileSync(`${path}.1.gz`)).toString()).toContain('"log":"8')
    expect(await read(path, jsonFile())).toEqual(range(5, 9))
    expect(await read(path, jsonFile(), { tail: 2 })).toEqual([8, 9])
    expect(await read(path, jsonFile(), { tail: 4 })).toEqual(range(6, 9))
  })

  test('goes on where an earlier writer stopped, and takes away what that one did not finish', async () => {
    const path = place()
    await write(path, { maxFiles: 1, compress: false }, [1, 2])
    writeFileSync(path, '{"log":"half of a re', { flag: 'a' })
    await write(path, { maxFiles: 1, compress: false }, [3])
    expect(await read(path, jsonFile())).toEqual([1, 2, 3])
  })

  test('one that somebody has deleted goes on anew, and no number of a file is closed that is another’s', async () => {
    const path = place()
    const options = { maxSize: 2 * lineLength, maxFiles: 4, compress: false }
    const log = new RotatingLog(path, jsonFile(), options)
    const older = () => readdirSync(dirname(path)).filter((name) => /\d$/.test(name))
    for (const number of range(1, 5)) await log.write([numbered(number)])
    expect(older()).toEqual(['x.log.1', 'x.log.2'])
    rmSync(path)
    for (const number of range(6, 7)) await log.write([numbered(number)])
    expect(older()).toEqual(['x.log.1', 'x.log.2'])
    // With its directory: there is no next file.
    rmSync(dirname(path), { recursive: true })
    await expect(log.write(range(2, 5).map((one) => numbered(one)))).rejects.toThrow()
    const others = range(1, 5).map(() => openSync(directory, 'r'))
    await expect(log.write(range(6, 9).map((one) => numbered(one)))).rejects.toThrow()
    for (const fd of others) {
      expect(fstatSync(fd).isDirectory()).toBe(true)
      closeSync(fd)
    }
    mkdirSync(dirname(path))
    await log.write(range(1, 4).map((one) => numbered(one)))
    await log.close()
    expect((await read(path, jsonFile())).at(-1)).toBe(4)
  })

  test('a log that cannot be written is one clear error', async () => {
    writeFileSync(join(directory, 'file'), '')
    expect(
      () => new RotatingLog(join(directory, 'file/x.log'), local, { maxFiles: 1, compress: false }),
    ).toThrow(/^open the log .*file\/x.log$/)
  })
})

describe('reading', () => {
  test('since, until and tail', async () => {
    const path = place()
    await write(path, { maxFiles: 1, compress: false }, range(1, 9))
    expect(await read(path, jsonFile(), { since: 4000n })).toEqual(range(4, 9))
    expect(await read(path, jsonFile(), { until: 4000n })).toEqual(range(1, 4))
    expect(await read(path, jsonFile(), { since: 3000n, until: 5000n })).toEqual([3, 4, 5])
    expect(await read(path, jsonFile(), { tail: 0 })).toEqual([])
    expect(await read(path, jsonFile(), { tail: 3 })).toEqual([7, 8, 9])
    expect(await read(path, jsonFile(), { tail: 100 })).toEqual(range(1, 9))
    expect(await read(path, jsonFile(), { tail: 3, since: 9000n })).toEqual([9])
  })

  test('of a log that nobody has written yet is empty; a follower waits for it', async () => {
    const path = place()
    mkdirSync(join(path, '..'))
    expect(await read(path, jsonFile())).toEqual([])
    const ended = new AbortController()
    const reading = read(path, jsonFile(), { follow: true, ended: ended.signal })
    await sleep(20)
    await write(path, { maxFiles: 1, compress: false }, [1, 2])
    ended.abort()
    expect(await reading).toEqual([1, 2])
  })

  test('a follower that goes away leaves nothing, and one that has an end in time ends', async () => {
    const path = place()
    await write(path, { maxFiles: 1, compress: false }, [1])
    const gone = new AbortController()
    const reading = read(path, jsonFile(), { follow: true, signal: gone.signal })
    await sleep(20)
    gone.abort()
    expect(await reading).toEqual([1])
    expect(await read(path, jsonFile(), { follow: true, until: 5000n })).toEqual([1])
    expect(readdirSync(join(path, '..'))).toEqual(['x.log'])
  })

  test('a damaged log is one clear error', async () => {
    const path = place()
    mkdirSync(join(path, '..'))
    writeFileSync(path, Buffer.alloc(100, 0xff))
    await expect(read(path, local)).rejects.toThrow(/^read the log .*x.log$/)
    expect(existsSync(`${path}.readers`)).toBe(false)
  })

  test('mailboxes of readers that died are cleared away', async () => {
    const path = place()
    const dead = join(`${path}.readers`, '999999999-1-0')
    mkdirSync(dead, { recursive: true })
    await write(path, { maxSize: 10, maxFiles: 2, compress: false }, [1, 2, 3])
    expect(existsSync(dead)).toBe(false)
  })
})

describe.each([
  ['json-file', jsonFile()],
  ['local', local],
] as const)('%s: whoever follows', (_, codec) => {
  test('sees every line once, however it rotates and however slow they are', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          maxSize: fc.integer({ min: 1, max: 3000 }),
          maxFiles: fc.integer({ min: 1, max: 4 }),
          compress: fc.boolean(),
        }),
        // How many records each write has, how long they are, and whether the writer rests after it.
        fc.array(fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 300 }), fc.boolean()), {
          minLength: 1,
          maxLength: 30,
        }),
        // Of each reader: after which write it begins, and how long it sleeps after each read.
        fc.array(fc.tuple(fc.integer({ min: 0, max: 10 }), fc.constantFrom(-1, 0, 1, 4)), {
          minLength: 1,
          maxLength: 3,
        }),
        async (options, writes, readers) => {
          const path = place()
          const log = new RotatingLog(path, codec, options)
          const ended = new AbortController()
          const reading: Promise<number[]>[] = []
          const begin = async (rest: number): Promise<number[]> => {
            const numbers: number[] = []
            for await (const records of readLog(path, codec, { follow: true, ended: ended.signal })) {
              numbers.push(...records.map(numberOf))
              if (rest >= 0) await sleep(rest)
            }
            return numbers
          }
          let number = 0
          for (const [at, [size, length, rests]] of writes.entries()) {
            for (const [after, rest] of readers) if (after === at) reading.push(begin(rest))
            await log.write(Array.from({ length: size }, () => numbered(++number, length)))
            if (rests) await sleep(1)
          }
          await log.close()
          ended.abort()
          for (const numbers of await Promise.all(reading)) {
            const [first = number + 1] = numbers
            expect(numbers).toEqual(range(first, number))
          }
          expect(existsSync(`${path}.readers`)).toBe(false)
          rmSync(join(path, '..'), { recursive: true })
        },
      ),
      { numRuns: Number(process.env.FUZZ_RUNS ?? 50) },
    )
  }, 60_000)

  test('has all from the moment when it asked', async () => {
    const path = place()
    const log = new RotatingLog(path, codec, { maxSize: 500, maxFiles: 2, compress: false })
    const ended = new AbortController()
    const reading = read(path, codec, { follow: true, ended: ended.signal })
    // The reader's first step comes before any write: everything is after it, also what max-file lets go.
    await sleep(1)
    for (const number of range(1, 500)) await log.write([numbered(number, 50)])
    await log.close()
    ended.abort()
    expect(await reading).toEqual(range(1, 500))
  })
})
