// PAX records: what a ustar header has no room for, as lines of text before it.
//
//   30 mtime=1350244992.023960108\n
//   │  │     └ value: bytes, all that are left
//   │  └ key
//   └ length of this line, its own digits and the newline counted
//
// The value of `SCHILY.xattr.security.capability` is a C structure, NULs and newlines
// included. This is why the archive room reads tar by itself: the libraries of npm
// decode values as UTF-8, and the capability is lost.
//
// https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html#tag_20_92_13_03
import type { Timestamp } from '../syscalls/time.ts'
import { decodeName, encodeName } from './name.ts'
import { badArchive, show } from './tar-entry.ts'

/** In the order of the archive: GNU's sparse format 0.0 repeats a key. */
export type PaxRecord = readonly [key: string, value: Buffer]

export const xattrKey = 'SCHILY.xattr.'

/** @throws EngineError `invalid` */
export function parsePax(bytes: Buffer): PaxRecord[] {
  const records: PaxRecord[] = []
  for (let at = 0; at < bytes.length; ) {
    // Some writers pad with zeros.
    if (bytes[at] === 0 && bytes.subarray(at).every((byte) => byte === 0)) break
    const space = bytes.indexOf(0x20, at)
    const digits = space < 0 ? '' : bytes.toString('latin1', at, Math.min(space, at + 12))
    const end = at + (/^[1-9]\d*$/.test(digits) ? Number(digits) : 0)
    const equals = space < 0 ? -1 : bytes.indexOf(0x3d, space)
    if (equals <= space + 1 || equals >= end || end > bytes.length || bytes[end - 1] !== 0x0a)
      throw badArchive('a PAX header has a record that is not `length key=value`')
    records.push([bytes.toString('utf8', space + 1, equals), bytes.subarray(equals + 1, end - 1)])
    at = end
  }
  return records
}

/** One record as bytes. */
export function formatPax(key: string, value: string | Buffer): Buffer {
  const tail = Buffer.concat([
    Buffer.from(` ${key}=`),
    typeof value === 'string' ? encodeName(value) : value,
    Buffer.from('\n'),
  ])
  // The length counts its own digits: with one more of them it may need yet another.
  let length = tail.length + String(tail.length).length
  length = tail.length + String(length).length
  return Buffer.concat([Buffer.from(String(length)), tail])
}

/** @throws EngineError `invalid` for a value with a NUL */
export function paxText(key: string, value: Buffer): string {
  if (value.includes(0)) throw badArchive(`the PAX record ${show(key)} has a NUL in it`)
  return decodeName(value)
}

/** @throws EngineError `invalid` for anything but decimal digits */
export function paxNumber(key: string, value: Buffer): number {
  const text = value.toString('latin1', 0, 20)
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(number))
    throw badArchive(`the PAX record ${show(key)} is no number: ${show(text)}`)
  return number
}

/** `1350244992.023960108`, `-1.5`: more digits than nanoseconds have are cut off. */
export function paxTime(key: string, value: Buffer): Timestamp {
  const text = value.toString('latin1', 0, 64)
  const [, sign, whole = '', fraction = ''] = /^(-?)(\d{1,15})(?:\.(\d*))?$/.exec(text) ?? []
  if (sign === undefined) throw badArchive(`the PAX record ${show(key)} is no time: ${show(text)}`)
  const nanoseconds = Number(fraction.slice(0, 9).padEnd(9, '0'))
  if (sign === '') return { seconds: Number(whole), nanoseconds }
  // A timespec counts forward from the second before: -1.5 is -2 s and 500,000,000 ns.
  return nanoseconds === 0
    ? { seconds: 0 - Number(whole), nanoseconds: 0 }
    : { seconds: -1 - Number(whole), nanoseconds: 1e9 - nanoseconds }
}

/** The same, written. */
export function formatTime({ seconds, nanoseconds }: Timestamp): string {
  if (nanoseconds === 0) return String(seconds)
  const forward = seconds >= 0
  const whole = forward ? seconds : -1 - seconds
  const fraction = String(forward ? nanoseconds : 1e9 - nanoseconds).padStart(9, '0')
  return `${forward ? '' : '-'}${whole}.${fraction.replace(/0+$/, '')}`
}
