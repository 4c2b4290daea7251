// Compressed layers: what a stream is, and what becomes of a broken one.
import { readdirSync } from 'node:fs'
import { Readable } from 'node:stream'
import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { compress, decompress } from '../../../../engine/archive/compression.ts'
import { bytesOf, streamOf } from '../../../suites/archive-bytes.ts'

const data = Buffer.from(Array.from({ length: 400_000 }, (_, index) => (index * index) % 251))
const gzip = gzipSync(data)
const zstd = zstdCompressSync(data, { params: { [constants.ZSTD_c_checksumFlag]: 1 } })
const half = data.length / 2
const skippable = Buffer.from('502a4d1803000000010203', 'hex')

async function decompressed(bytes: Uint8Array, chunk: number) {
  const { tar, compression } = await decompress(streamOf(bytes, chunk))
  return { compression, content: await bytesOf(tar) }
}

describe('decompress', () => {
  test.each<[string, string, Buffer]>([
    ['gzip', 'gzip', gzip],
    ['zstd', 'zstd', zstd],
    ['not compressed', 'none', data],
    [
      'several gzip members',
      'gzip',
      Buffer.concat([gzipSync(data.subarray(0, half)), gzipSync(data.subarray(half))]),
    ],
    ['gzip filled up with zeros', 'gzip', Buffer.concat([gzip, Buffer.alloc(512)])],
    [
      'several zstd frames',
      'zstd',
      Buffer.concat([zstdCompressSync(data.subarray(0, half)), zstdCompressSync(data.subarray(half))]),
    ],
    ['zstd after a frame to skip', 'zstd', Buffer.concat([skippable, zstd])],
  ])('%s', async (_name, compression, bytes) => {
    for (const chunk of [1000, 100_000]) {
      const found = await decompressed(bytes, chunk)
      expect(found.compression).toBe(compression)
      expect(found.content.equals(data)).toBe(true)
    }
  })

  test.each([0, 1, 5, 6])('%d bytes are not compressed', async (length) => {
    const bytes = Buffer.alloc(length, 'ab')
    for (const chunk of [1, 10])
      expect(await decompressed(bytes, chunk)).toEqual({ compression: 'none', content: bytes })
  })

  test.each<[string, Buffer, RegExp]>([
    ['a gzip stream cut off', gzip.subarray(0, -9), /its gzip stream was cut off/],
    ['a gzip header alone', gzip.subarray(0, 10), /its gzip stream was cut off/],
    ['a gzip magic alone', gzip.subarray(0, 3), /its gzip stream was cut off/],
    ['a second member cut off', Buffer.concat([gzip, gzip.subarray(0, 30)]), /its gzip stream was cut off/],
    [
      'gzip with rubbish after it',
      Buffer.concat([gzip, Buffer.from('rubbish')]),
      /its gzip stream is damaged/,
    ],
    ['a flipped bit', flip(gzip, gzip.length >> 1), /its gzip stream is damaged/],
    ['a wrong checksum', flip(gzip, gzip.length - 6), /its gzip stream is damaged/],
    ['a zstd stream cut off', zstd.subarray(0, -9), /its zstd stream was cut off/],
    ['a zstd magic alone', zstd.subarray(0, 6), /its zstd stream was cut off/],
    ['a flipped bit in zstd', flip(zstd, zstd.length >> 1), /its zstd stream is damaged/],
  ])('%s is refused', async (_name, bytes, message) => {
    const error = await decompressed(bytes, 5000).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      name: 'EngineError',
      kind: 'invalid',
      message: expect.stringMatching(message),
    })
  })

  test.each([
    ['bzip2', '425a6839'],
    ['xz', 'fd377a585a0000'],
  ])('%s is named, and refused', async (name, magic) => {
    const stream = streamOf(Buffer.from(magic, 'hex'))
    await expect(decompress(stream)).rejects.toMatchObject({
      kind: 'not-implemented',
      message: expect.stringContaining(name),
    })
    expect(stream.destroyed).toBe(true)
  })

  test('an error of the stream itself comes through as it is', async () => {
    const stream = Readable.from(
      (function* () {
        yield gzip.subarray(0, 1000)
        throw new Error('the network is gone')
      })(),
      { objectMode: false },
    )
    const { tar } = await decompress(stream)
    await expect(bytesOf(tar)).rejects.toThrow('the network is gone')
    const early = new Readable({
      read() {
        this.destroy(new Error('at once'))
      },
    })
    await expect(decompress(early)).rejects.toThrow('at once')
  })

  test('whoever stops reading ends the stream, too', async () => {
    const before = process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0
    const stream = streamOf(gzip, 1000)
    const { tar } = await decompress(stream)
    for await (const _chunk of tar) break
    expect(stream.destroyed).toBe(true)
    if (before > 0) expect(readdirSync('/proc/self/fd').length).toBe(before)
  })
})

describe('compress', () => {
  test('gives the same bytes each time, and the content back', async () => {
    const [first, second] = [
      await bytesOf(compress(streamOf(data), 'gzip')),
      await bytesOf(compress(streamOf(data, 999), 'gzip')),
    ]
    expect(first.equals(second)).toBe(true)
    expect(gunzipSync(first).equals(data)).toBe(true)
    expect(zstdDecompressSync(await bytesOf(compress(streamOf(data), 'zstd'))).equals(data)).toBe(true)
    expect((await bytesOf(compress(streamOf(data), 'none'))).equals(data)).toBe(true)
  })

  test('an error on the way in is one on the way out', async () => {
    const stream = new Readable({
      read() {
        this.destroy(new Error('broken'))
      },
    })
    await expect(bytesOf(compress(stream, 'gzip'))).rejects.toThrow('broken')
  })
})

function flip(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ 0xff
  return copy
}
