// The files of a log as they are at one moment, oldest first, while a writer may rotate
// them: opened once, they stay what they are, whatever their names become.
//
// The current file is opened first. What the mailbox got before that is older, and comes
// before it; what it gets later is newer, and the follower's. rotate.ts has the drawing.
import {
  closeSync,
  createReadStream,
  createWriteStream,
  fstatSync,
  openSync,
  readSync,
  rmSync,
} from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import type { LogCodec } from './codec.ts'
import type { LogRecord } from './driver.ts'
import type { Mailbox } from './mailbox.ts'

export interface OpenLog {
  fd: number
  inode: number
  /** When it was opened. */
  size: number
  compressed: boolean
}

/** More files than max-file allows anybody to want. */
const mostFiles = 10_000
/** Compressed files have no inode that tells which they were: a rotation in the middle, and we look again. */
const tries = 50

/** Undefined when it is not there. */
export function openLog(path: string, compressed = false): OpenLog | undefined {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  const { ino, size } = fstatSync(fd)
  return { fd, inode: ino, size, compressed }
}

export function closeLogs(files: readonly (OpenLog | undefined)[]): void {
  for (const file of files) if (file) closeSync(file.fd)
}

/** Oldest first; the last is the current one, undefined when there is none just now. */
export function openChain(
  path: string,
  mailbox: Mailbox,
): [...older: OpenLog[], current: OpenLog | undefined] {
  for (let left = tries; ; left--) {
    mailbox.clear()
    const current = openLog(path)
    const rotated = openRotated(path)
    const finished = mailbox.list()
    if (left > 0 && finished.length > 0 && rotated.some(({ compressed }) => compressed)) {
      closeLogs([current, ...rotated])
      continue
    }
    const at = finished.findIndex(({ inode }) => inode === current?.inode)
    const before = at < 0 ? finished : finished.slice(0, at)
    const known = new Set([...finished.map(({ inode }) => inode), current?.inode])
    const older = rotated.filter(({ inode }) => !known.has(inode))
    closeLogs(rotated.filter(({ inode }) => known.has(inode)))
    const between = before.flatMap((one) => openLog(one.path) ?? [])
    for (const one of before) mailbox.drop(one.path)
    return [...older.reverse(), ...between, current]
  }
}

/** .1, .2, …: newest first. */
function openRotated(path: string): OpenLog[] {
  const files: OpenLog[] = []
  for (let age = 1; age < mostFiles; age++) {
    const file = openLog(`${path}.${age}`) ?? openLog(`${path}.${age}.gz`, true)
    if (file === undefined) break
    files.push(file)
  }
  return files
}

/** A compressed file as one that can be read at any place; others as they are. @param mailbox where there is room for it */
export async function plain(file: OpenLog, mailbox: Mailbox): Promise<OpenLog> {
  if (!file.compressed) return file
  const temporary = mailbox.scratch()
  try {
    const from = createReadStream('', { fd: file.fd, autoClose: false, start: 0 })
    await pipeline(from, createGunzip(), createWriteStream(temporary, { mode: 0o600 }))
    return openLog(temporary) ?? file
  } finally {
    rmSync(temporary, { force: true })
  }
}

/** Bytes read at a time. */
const block = 256 * 1024

/** What stands in the file between two places. */
export function* readTo(
  file: OpenLog,
  decode: (chunk: Buffer) => LogRecord[],
  from: number,
  to: number,
): Generator<LogRecord[]> {
  for (let at = from; at < to; ) {
    // New memory each time: records look into it, and whoever gets them may keep them.
    const buffer = Buffer.allocUnsafeSlow(Math.min(block, to - at))
    const length = readSync(file.fd, buffer, 0, buffer.length, at)
    if (length === 0) return
    at += length
    yield decode(buffer.subarray(0, length))
  }
}

export interface Part {
  file: OpenLog
  /** Where its first wanted record begins. */
  offset: number
}

/**
 * Where to begin when only the last `count` records are wanted: files from the first that has some of them.
 * @param newestFirst asked one by one, so that old files that nobody needs stay compressed
 */
export async function pickTail(
  newestFirst: AsyncIterable<OpenLog> | Iterable<OpenLog>,
  codec: LogCodec,
  count: number,
): Promise<Part[]> {
  const parts: Part[] = []
  let missing = count
  for await (const file of newestFirst) {
    const { offset, found } = codec.tail(
      (buffer, at) => readSync(file.fd, buffer, 0, buffer.length, at),
      file.size,
      missing,
    )
    parts.unshift({ file, offset })
    missing -= found
    if (missing <= 0) break
  }
  return parts
}
