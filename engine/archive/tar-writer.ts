// Headers of an archive, written as Go's archive/tar does for Docker: ustar, and a PAX
// header before it for whatever ustar has no room for. So the same tree gives the same
// bytes, and any tar of the last thirty years reads them.
//
// Called by pack.ts. Next: engine/archive/changes.ts
import { encodeName } from './name.ts'
import { formatPax, formatTime, xattrKey } from './pax.ts'
import type { EntryType, TarEntry } from './tar-entry.ts'
import { blockSize, padded } from './tar-header.ts'

const typeflags: Readonly<Record<EntryType, string>> = {
  file: '0',
  link: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
}

/** Two blocks of zeros. */
export const endOfArchive = Buffer.alloc(2 * blockSize)

/** Everything that stands before a member's content. */
export function formatHeader(entry: TarEntry): Buffer {
  const name = encodeName(entry.name)
  const linkname = encodeName(entry.linkname)
  const records: Record<string, string | Buffer> = {}
  const split = splitName(name)
  if (split === undefined) records.path = name
  if (linkname.length > 100 || !isAscii(linkname)) records.linkpath = linkname
  if (entry.size > 0o77777777777) records.size = String(entry.size)
  if (entry.uid > 0o7777777) records.uid = String(entry.uid)
  if (entry.gid > 0o7777777) records.gid = String(entry.gid)
  const { seconds, nanoseconds } = entry.mtime
  if (nanoseconds !== 0 || seconds < 0 || seconds > 0o77777777777) records.mtime = formatTime(entry.mtime)
  for (const [key, value] of entry.xattrs) records[xattrKey + key] = value
  const keys = Object.keys(records)
  const block = Buffer.alloc(blockSize)
  const [prefix, rest] = split ?? ['', ascii(name).slice(0, 100)]
  ustar(block, {
    name: rest,
    prefix,
    mode: entry.mode,
    uid: 'uid' in records ? 0 : entry.uid,
    gid: 'gid' in records ? 0 : entry.gid,
    size: 'size' in records ? 0 : entry.size,
    mtime: seconds < 0 || seconds > 0o77777777777 ? 0 : seconds,
    typeflag: typeflags[entry.type],
    linkname: ascii(linkname).slice(0, 100),
    major: entry.major,
    minor: entry.minor,
  })
  return keys.length === 0 ? block : Buffer.concat([paxHeader(ascii(name), records), block])
}

function paxHeader(name: string, records: Readonly<Record<string, string | Buffer>>): Buffer {
  const body = Buffer.concat(
    Object.entries(records)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => formatPax(key, value)),
  )
  const block = Buffer.alloc(blockSize)
  // A name for these records, as for a file: what a tar without PAX takes them for.
  const slash = name.lastIndexOf('/') + 1
  const file = `${name.slice(0, slash)}PaxHeaders.0/${name.slice(slash)}`
  ustar(block, {
    name: file.slice(0, 100).replace(/\/+$/, ''),
    prefix: '',
    mode: 0,
    uid: 0,
    gid: 0,
    size: body.length,
    mtime: 0,
    typeflag: 'x',
    linkname: '',
    major: 0,
    minor: 0,
  })
  return Buffer.concat([block, body, Buffer.alloc(padded(body.length) - body.length)])
}

interface Ustar {
  name: string
  prefix: string
  mode: number
  uid: number
  gid: number
  size: number
  mtime: number
  typeflag: string
  linkname: string
  major: number
  minor: number
}

function ustar(block: Buffer, fields: Ustar): void {
  block.write(fields.name, 0, 'latin1')
  octal(block, 100, 8, fields.mode)
  octal(block, 108, 8, fields.uid)
  octal(block, 116, 8, fields.gid)
  octal(block, 124, 12, fields.size)
  octal(block, 136, 12, fields.mtime)
  block.write('        ', 148, 'latin1')
  block.write(fields.typeflag, 156, 'latin1')
  block.write(fields.linkname, 157, 'latin1')
  block.write('ustar\x0000', 257, 'latin1')
  octal(block, 329, 8, fields.major)
  octal(block, 337, 8, fields.minor)
  block.write(fields.prefix, 345, 'latin1')
  let sum = 0
  for (let index = 0; index < blockSize; index++) sum += block[index] ?? 0
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
}

function octal(block: Buffer, at: number, length: number, value: number): void {
  block.write(value.toString(8).padStart(length - 1, '0'), at, 'latin1')
}

/** As ustar has room for it. @returns undefined when it has not, or the name is not ASCII */
function splitName(name: Buffer): [prefix: string, rest: string] | undefined {
  if (!isAscii(name)) return undefined
  const text = name.toString('latin1')
  if (text.length <= 100) return ['', text]
  // A directory's own slash at the end stays with its name. As Go: the last slash that fits.
  const end = Math.min(156, text.length - 1)
  const slash = text.lastIndexOf('/', end - 1)
  const rest = text.slice(slash + 1)
  return slash <= 0 || slash > 155 || rest.length > 100 || rest.length === 0
    ? undefined
    : [text.slice(0, slash), rest]
}

function isAscii(bytes: Buffer): boolean {
  return bytes.every((byte) => byte > 0 && byte < 0x80)
}

/** For programs that do not read the PAX header: what is left without the other bytes, as Go has it. */
function ascii(bytes: Buffer): string {
  return Buffer.from(bytes.filter((byte) => byte > 0 && byte < 0x80)).toString('latin1')
}
