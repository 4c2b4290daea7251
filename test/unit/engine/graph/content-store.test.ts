// Blobs under their digests: whole or not there, whatever happens on the way.
import { randomBytes } from 'node:crypto'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ContentStore } from '../../../../engine/graph/content-store.ts'
import { sha256 } from '../../../../engine/graph/digest.ts'

let directory: string
let store: ContentStore
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'lc-content-'))
  store = await ContentStore.open(directory)
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const hello = Buffer.from('hello')
const digest = sha256(hello)
const never = (): boolean => false
const pathOf = (of: string): string => join(directory, 'blobs/sha256', of.slice(7))
const ingests = (): string[] => readdirSync(join(directory, 'ingest'))

test('what is put is found under its digest', async () => {
  expect(await store.stat(digest)).toBeUndefined()
  expect(await store.put(hello)).toBe(digest)
  expect(await store.stat(digest)).toEqual({ digest, size: 5 })
  expect(await store.readBytes(digest, 5)).toEqual(hello)
  expect(await buffer(store.read(digest, { verify: true }))).toEqual(hello)
  expect(await buffer(store.read(digest, { start: 2 }))).toEqual(Buffer.from('llo'))
  expect(await Array.fromAsync(store.list())).toEqual([{ digest, size: 5 }])
  await store.remove(digest)
  await store.remove(digest)
  expect(await store.stat(digest)).toBeUndefined()
})

test('what is being read is read to its end, though it is removed meanwhile', async () => {
  await store.put(hello)
  const reading = store.read(digest)
  await store.remove(digest)
  expect(await buffer(reading)).toEqual(hello)
})

test('a large blob comes in pieces of any size, whose memory may be used again', async () => {
  const large = randomBytes(5_000_003)
  const ingest = await store.ingest(undefined)
  const piece = Buffer.alloc(70_001)
  for (let at = 0; at < large.length; at += piece.length) {
    const length = large.copy(piece, 0, at)
    await ingest.write(piece.subarray(0, length))
  }
  expect(await ingest.commit()).toMatchObject({ digest: sha256(large), size: large.length })
  expect((await buffer(store.read(sha256(large)))).equals(large)).toBe(true)
  expect(ingests()).toEqual([])
})

describe('is refused, and leaves nothing:', () => {
  test('content that does not fit its digest', async () => {
    await expect(store.put(Buffer.from('other'), digest)).rejects.toThrow(
      /does not fit its digest: sha256:.* in place of/,
    )
    expect([ingests(), await store.stat(digest)]).toEqual([[], undefined])
  })
  test('more, or less, than was announced', async () => {
    await using long = await store.ingest(digest, { size: 4 })
    await expect(long.write(hello)).rejects.toThrow(/longer than the 4 bytes/)
    await using short = await store.ingest(digest, { size: 6 })
    await short.write(hello)
    await expect(short.commit()).rejects.toThrow(/ends after 5 of 6 bytes/)
    await long[Symbol.asyncDispose]()
    expect(ingests()).toEqual([])
  })
  test('a digest that would lead elsewhere', async () => {
    await expect(store.stat('sha256:../../../etc/passwd')).rejects.toThrow(/is no sha256 digest/)
    expect(() => store.read('../x')).toThrow(/is no sha256 digest/)
    await expect(store.ingest(`sha512:${'a'.repeat(128)}`)).rejects.toThrow(/is no sha256 digest/)
  })
  test('an ingest that is given up', async () => {
    {
      await using ingest = await store.ingest(digest)
      await ingest.write(hello)
    }
    expect(ingests()).toEqual([])
  })
})

test('what is not there, too large or damaged says so', async () => {
  expect(() => store.read(digest)).toThrow(/there is no blob/)
  await expect(store.readBytes(digest, 9)).rejects.toThrow(/there is no blob/)
  await store.put(hello)
  await expect(store.readBytes(digest, 4)).rejects.toThrow(/5 bytes, and 4 are the most/)
  writeFileSync(pathOf(digest), 'jello')
  await expect(store.readBytes(digest, 9)).rejects.toThrow(/damaged/)
  await expect(buffer(store.read(digest, { verify: true }))).rejects.toThrow(/damaged/)
})

describe('a download that is cut off', () => {
  async function cutOff(): Promise<void> {
    await using ingest = await store.ingest(digest, { size: 5, resume: true })
    await ingest.write(hello.subarray(0, 2))
  }
  test('goes on where it was, in the next process, too', async () => {
    await cutOff()
    store = await ContentStore.open(directory)
    await using ingest = await store.ingest(digest, { size: 5, resume: true })
    expect(ingest.offset).toBe(2)
    await ingest.write(hello.subarray(2))
    expect(await ingest.commit()).toMatchObject({ digest, size: 5 })
    expect(ingests()).toEqual([])
  })
  test('begins anew when what it has turns out wrong', async () => {
    await cutOff()
    writeFileSync(join(directory, 'ingest', `${digest.slice(7)}.partial`), 'je')
    const second = await store.ingest(digest, { size: 5, resume: true })
    await second.write(hello.subarray(2))
    await expect(second.commit()).rejects.toThrow(/does not fit/)
    await using third = await store.ingest(digest, { size: 5, resume: true })
    expect(third.offset).toBe(0)
  })
  test('begins anew when it has too much', async () => {
    await cutOff()
    writeFileSync(join(directory, 'ingest', `${digest.slice(7)}.partial`), 'hello hello')
    await using ingest = await store.ingest(digest, { size: 5, resume: true })
    expect(ingest.offset).toBe(0)
  })
  test('is not written by two at once', async () => {
    await using first = await store.ingest(digest, { resume: true })
    await using second = await store.ingest(digest, { resume: true })
    await first.write(hello)
    await second.write(hello)
    expect(await second.commit()).toMatchObject({ digest, size: 5 })
    expect(await first.commit()).toMatchObject({ digest, size: 5 })
    expect(ingests()).toEqual([])
  })
  test('is forgotten after a week, and what no download left at once', async () => {
    await cutOff()
    writeFileSync(join(directory, 'ingest/7.tmp'), 'x')
    await ContentStore.open(directory)
    expect(ingests()).toEqual([`${digest.slice(7)}.partial`])
    utimesSync(join(directory, 'ingest', `${digest.slice(7)}.partial`), 1, 1)
    await ContentStore.open(directory)
    expect(ingests()).toEqual([])
  })
})

test('many who want one blob share the work, and its failure', async () => {
  let count = 0
  const work = async (): Promise<number> => {
    await new Promise((resolve) => setTimeout(resolve, 5))
    return ++count
  }
  expect(await Promise.all([1, 2, 3].map(() => store.share(digest, work)))).toEqual([1, 1, 1])
  expect(await store.share(digest, work)).toBe(2)
  const fail = (): Promise<number> => Promise.reject(new Error('no'))
  const results = await Promise.allSettled([1, 2].map(() => store.share(digest, fail)))
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
})

describe('a sweep', () => {
  test('takes what nobody needs, and tells', async () => {
    const kept = await store.put(Buffer.from('kept'))
    await store.put(hello)
    await using left = await store.ingest(sha256('x'), { resume: true })
    await left.write(Buffer.from('12'))
    await left[Symbol.asyncDispose]()
    await using writing = await store.ingest(sha256('y'), { resume: true })
    await writing.write(hello)
    expect(await store.sweep((one) => one === kept)).toEqual([
      { digest, size: 5 },
      { digest: sha256('x'), size: 2 },
    ])
    expect(existsSync(pathOf(kept))).toBe(true)
    expect(ingests()).toHaveLength(1)
  })
  test('leaves alone what came or was found under a lease', async () => {
    const old = await store.put(Buffer.from('old'))
    const found = await store.put(Buffer.from('found'))
    {
      using _ = store.lease()
      await store.put(hello)
      await store.stat(found)
      expect((await store.sweep(never)).map((blob) => blob.digest)).toEqual([old])
    }
    expect(await store.sweep(never)).toHaveLength(2)
  })
})

test('a directory where nothing can be made says so', async () => {
  const file = join(directory, 'file')
  writeFileSync(file, '')
  truncateSync(file)
  await expect(ContentStore.open(file)).rejects.toThrow(/open the content store/)
})
