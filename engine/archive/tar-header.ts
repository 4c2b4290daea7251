// The 512 bytes before each member of a tar archive, as four formats have them.
//
//      0 name 100   100 mode 8   108 uid 8   116 gid 8   124 size 12   136 mtime 12
//    148 checksum 8   156 type 1   157 linkname 100   257 magic 6   263 version 2
//    265 uname 32   297 gname 32   329 devmajor 8   337 devminor 8
//    345 prefix 155 (ustar: what comes before name, and a "/")
//
// v7 has no magic and ends at 257. ustar is POSIX's; PAX is ustar with a header
// before it that has more to say (pax.ts). GNU's magic is "ustar  ": it has no prefix,
// and its own fields there (sparse.ts). star's has "tar" in the last four bytes.
//
// Numbers are octal digits, or, where those do not suffice, base 256 with the first
// bit set (GNU). Called by tar-reader.ts and tar-writer.ts.
// https://www.gnu.org/software/tar/manual/html_node/Standard.html
import { decodeName } from './name.ts'
import { badArchive } from './tar-entry.ts'

export const blockSize = 512

/** Rounds up to whole blocks. */
export function padded(size: number): number {
  return Math.ceil(size / blockSize) * blockSize
}

export interface RawHeader {
  name: string
  mode: number
  uid: number
  gid: number
  size: number
  mtime: number
  /** One character: `0`, `5`, `x`; `\0` is v7's for a file. */
  typeflag: string
  linkname: string
  major: number
  minor: number
  gnu: boolean
}

/** @returns undefined for a block of zeros @throws EngineError `invalid` */
export function parseHeader(block: Buffer, at: number): RawHeader | undefined {
  if (block[0] === 0 && block.every((byte) => byte === 0)) return undefined
  checkSum(block, at)
  const magic = block.toString('latin1', 257, 265)
  const gnu = magic === 'ustar  \0'
  // Old GNU tar and others leave out the version; what counts is the word.
  const posix = !gnu && magic.startsWith('ustar')
  const name = textField(block, 0, 100)
  const star = posix && block.toString('latin1', 508, 512) === 'tar\0'
  const prefix = posix && block[345] !== 0 ? textField(block, 345, star ? 131 : 155) : ''
  const hasDevice = gnu || posix
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    mode: numberField(block, 100, 8, at) & 0o7777,
    uid: numberField(block, 108, 8, at),
    gid: numberField(block, 116, 8, at),
    size: numberField(block, 124, 12, at),
    mtime: numberField(block, 136, 12, at),
    typeflag: String.fromCharCode(block[156] ?? 0),
    linkname: block[157] === 0 ? '' : textField(block, 157, 100),
    major: hasDevice ? numberField(block, 329, 8, at) : 0,
    minor: hasDevice ? numberField(block, 337, 8, at) : 0,
    gnu,
  }
}

/** The sum of all bytes, its own eight taken as spaces. Some old programs added signed bytes. */
function checkSum(block: Buffer, at: number): void {
  let sum = 0
  let high = 0
  for (let index = 0; index < blockSize; index++) {
    const byte = block[index] ?? 0
    sum += byte
    if (byte > 127) high++
  }
  for (let index = 148; index < 156; index++) {
    const byte = block[index] ?? 0
    sum += 32 - byte
    if (byte > 127) high--
  }
  // What is no header at all has no number there either, and that is not what to complain of.
  const digits = block.toString('latin1', 148, 156).replace(/[\0 ]+$/, '')
  const said = /^ *[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : -1
  if (said !== sum && said !== sum - 256 * high)
    throw badArchive(
      at === 0 ? 'it does not begin with a tar header' : `the header at byte ${at} is damaged, or is none`,
    )
}

/** Up to the first NUL, or to the end of the field. */
export function textField(block: Buffer, start: number, length: number): string {
  let end = start
  while (end < start + length && block[end] !== 0) end++
  return decodeName(block.subarray(start, end))
}

/** @throws EngineError `invalid` when it is no number, or one that JavaScript cannot count to */
export function numberField(block: Buffer, start: number, length: number, at: number): number {
  const first = block[start] ?? 0
  if ((first & 0x80) !== 0) return base256(block, start, length, at)
  let value = 0
  let index = start
  const end = start + length
  while (index < end && block[index] === 0x20) index++
  for (; index < end; index++) {
    const byte = block[index] ?? 0
    if (byte === 0 || byte === 0x20) break
    if (byte < 0x30 || byte > 0x37) throw badNumber(block, start, length, at)
    value = value * 8 + (byte - 0x30)
  }
  return value
}

function base256(block: Buffer, start: number, length: number, at: number): number {
  const first = block[start] ?? 0
  // 0x80: positive, and the other bits of this byte count; 0xff: two's complement.
  let value = first === 0xff ? -1 : first & 0x7f
  for (let index = start + 1; index < start + length; index++) {
    value = value * 256 + (block[index] ?? 0)
    if (!Number.isSafeInteger(value)) throw badNumber(block, start, length, at)
  }
  return value
}

function badNumber(block: Buffer, start: number, length: number, at: number): Error {
  const bytes = block.subarray(start, start + length).toString('hex')
  return badArchive(`the header at byte ${at} has no number where one must be (${bytes})`)
}
