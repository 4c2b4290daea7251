// Layers as they travel: gzip (Docker's), zstd (OCI's newer one), or not compressed.
//
// What a stream is, its first bytes say; what a file is called or a header claims does
// not count. bzip2 and xz are named, and refused: Docker calls external programs for
// them, and no registry serves such layers.
//
// A layer may be several gzip members or zstd frames, one after the other: as pigz and
// eStargz write them. Node's decompressors read those on; they run on libuv's threads,
// beside whoever unpacks.
import { finished, pipeline, Readable, type Transform } from 'node:stream'
import { constants, createGunzip, createGzip, createZstdCompress, createZstdDecompress } from 'node:zlib'
import { EngineError } from '../errors.ts'
import { badArchive } from './tar-entry.ts'

export type Compression = 'none' | 'gzip' | 'zstd'

/** Large enough that a chunk's cost is its bytes'. */
const chunkSize = 256 * 1024

const magics = [
  ['gzip', Buffer.from('1f8b08', 'hex')],
  ['zstd', Buffer.from('28b52ffd', 'hex')],
  ['bzip2', Buffer.from('425a68', 'hex')],
  ['xz', Buffer.from('fd377a585a00', 'hex')],
] as const
const magicLength = 6

/**
 * @returns the archive inside: destroying it destroys the stream, and an error of its data is EngineError `invalid`
 * @throws EngineError `not-implemented` for bzip2 and xz
 */
export async function decompress(stream: Readable): Promise<{ tar: Readable; compression: Compression }> {
  const start = await peek(stream)
  const found = compressionOf(start)
  if (found === 'bzip2' || found === 'xz') {
    stream.destroy()
    throw new EngineError(
      'not-implemented',
      `the archive is compressed by ${found}: decompress it before, or compress it by gzip or zstd`,
    )
  }
  // A stream that has ended takes nothing back.
  const whole = stream.readableEnded ? Readable.from([start], { objectMode: false }) : stream
  if (found === 'none') return { tar: whole, compression: found }
  const by = found === 'gzip' ? createGunzip({ chunkSize }) : createZstdDecompress({ chunkSize })
  return { tar: through(whole, by, found), compression: found }
}

/** Compressed as Docker does it, so that the same archive gives the same bytes: no name and no time in it. */
export function compress(tar: Readable, to: Compression): Readable {
  if (to === 'none') return tar
  if (to === 'gzip') return through(tar, createGzip({ chunkSize }), to)
  // A checksum at the end, as Go's library writes it: without one a flipped bit may go unnoticed.
  const params = { [constants.ZSTD_c_checksumFlag]: 1 }
  return through(tar, createZstdCompress({ chunkSize, params }), to)
}

/** The first bytes, which stay in the stream. */
async function peek(stream: Readable): Promise<Buffer> {
  let start: Buffer = Buffer.alloc(0)
  while (start.length < magicLength) {
    if (!stream.readable) break
    const chunk: Buffer | null = stream.read()
    if (chunk !== null) start = Buffer.concat([start, chunk])
    else if (!(await moreToRead(stream))) break
  }
  if (!stream.readableEnded && start.length > 0) stream.unshift(start)
  return start
}

/** Waits for the next chunk. @returns false at the end @throws what the stream throws */
async function moreToRead(stream: Readable): Promise<boolean> {
  if (stream.readableEnded) return false
  const { promise, resolve, reject } = Promise.withResolvers<boolean>()
  const readable = (): void => resolve(true)
  const stop = finished(stream, { writable: false }, (error) => (error ? reject(error) : resolve(false)))
  stream.once('readable', readable)
  try {
    return await promise
  } finally {
    stream.off('readable', readable)
    stop()
  }
}

function compressionOf(start: Buffer): 'none' | 'gzip' | 'zstd' | 'bzip2' | 'xz' {
  // A skippable frame, as pzstd writes before the first.
  const skippable = start.length >= 4 && start.readUInt32LE(0) >>> 4 === 0x184d2a5
  if (skippable) return 'zstd'
  return magics.find(([, magic]) => start.subarray(0, magic.length).equals(magic))?.[0] ?? 'none'
}

/** Destroying either end destroys both; what zlib says of broken data becomes a sentence. */
function through(from: Readable, by: Transform, name: string): Readable {
  const destroy = by._destroy.bind(by)
  by._destroy = (error, done) => destroy(error && explained(error, name), done)
  pipeline(from, by, () => {
    // The reader of `by` gets the error, whichever of the two had it.
  })
  return by
}

function explained(error: Error, name: string): Error {
  const code = 'code' in error ? String(error.code) : ''
  if (code === 'Z_BUF_ERROR') return badArchive(`its ${name} stream was cut off`, { cause: error })
  if (/^Z_|^ZSTD_/.test(code)) return badArchive(`its ${name} stream is damaged`, { cause: error })
  return error
}
