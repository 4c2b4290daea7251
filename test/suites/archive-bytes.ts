// Archives byte by byte: well made ones, and those that no honest program writes.
import { Readable } from 'node:stream'
import { formatPax } from '../../engine/archive/pax.ts'
import type { TarEntry } from '../../engine/archive/tar-entry.ts'
import { TarReader } from '../../engine/archive/tar-reader.ts'

export interface Fields {
  name: string
  /** `0` file, `1` link, `2` symlink, `3` `4` devices, `5` directory, `6` FIFO, `x` `g` `L` `K` `S`. */
  type?: string
  content?: string | Uint8Array
  /** When it is not the content's. */
  size?: number | string
  linkname?: string
  mode?: number
  uid?: number | string
  gid?: number | string
  mtime?: number | string
  major?: number
  minor?: number
  magic?: string
  prefix?: string
  /** Bytes to put over the header before its checksum is computed. */
  put?: readonly (readonly [at: number, bytes: string])[]
}

/** Header and content of one member, in whole blocks. */
export function member(fields: Fields): Buffer {
  const content = Buffer.from(fields.content ?? '')
  const block = Buffer.alloc(512)
  const put = (at: number, value: string): void => void block.write(value, at, 'latin1')
  const number = (at: number, length: number, value: number | string): void =>
    put(at, typeof value === 'string' ? value : value.toString(8).padStart(length - 1, '0'))
  const name = Buffer.from(fields.name)
  name.copy(block, 0, 0, Math.min(name.length, 100))
  number(100, 8, fields.mode ?? 0o644)
  number(108, 8, fields.uid ?? process.getuid?.() ?? 0)
  number(116, 8, fields.gid ?? process.getgid?.() ?? 0)
  number(124, 12, fields.size ?? content.length)
  number(136, 12, fields.mtime ?? 1_000_000_000)
  put(156, fields.type ?? '0')
  Buffer.from(fields.linkname ?? '').copy(block, 157, 0, 100)
  put(257, fields.magic ?? 'ustar\x0000')
  if (fields.magic !== '') {
    number(329, 8, fields.major ?? 0)
    number(337, 8, fields.minor ?? 0)
    if (fields.prefix) put(345, fields.prefix)
  }
  for (const [at, bytes] of fields.put ?? []) put(at, bytes)
  return Buffer.concat([
    withChecksum(block),
    content,
    Buffer.alloc(Math.ceil(content.length / 512) * 512 - content.length),
  ])
}

export function withChecksum(block: Buffer): Buffer {
  block.write('        ', 148, 'latin1')
  const sum = block.subarray(0, 512).reduce((all, byte) => all + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}

/** A PAX header, for the member after it. */
export function pax(records: Readonly<Record<string, string | Buffer>>, type = 'x'): Buffer {
  const content = Buffer.concat(Object.entries(records).map(([key, value]) => formatPax(key, value)))
  return member({ name: 'PaxHeaders.0/x', type, content })
}

/** Members and the two blocks of zeros. */
export function archive(...members: readonly Uint8Array[]): Buffer {
  return Buffer.concat([...members, Buffer.alloc(1024)])
}

/** In pieces of `size` bytes, so that headers and content lie across chunks. */
export function streamOf(bytes: Uint8Array, size = 64 * 1024): Readable {
  return Readable.from(
    (function* () {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
    })(),
    { objectMode: false },
  )
}

interface ReadEntry extends TarEntry {
  content: string
}

/** All members, their content with its holes as zeros. */
export async function readArchive(bytes: Uint8Array, chunk?: number): Promise<ReadEntry[]> {
  await using reader = new TarReader(streamOf(bytes, chunk))
  const found: ReadEntry[] = []
  for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
    const content = Buffer.alloc(entry.size)
    await reader.content((piece, position) => void piece.copy(content, position))
    found.push({ ...entry, content: content.toString('latin1') })
  }
  return found
}

/** A stream of ours, whole. */
export async function bytesOf(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}
