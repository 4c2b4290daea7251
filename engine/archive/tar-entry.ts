// One member of an archive: what its headers say, whichever of the formats said it.
import { EngineError } from '../errors.ts'
import type { Timestamp } from '../syscalls/time.ts'

export type EntryType = 'file' | 'directory' | 'symlink' | 'link' | 'character' | 'block' | 'fifo'

export interface TarEntry {
  /** As it stands there: `./etc/`, `../x`, anything (name.ts has how bytes become strings). */
  name: string
  type: EntryType
  /** Twelve bits: permissions, set-user-ID, set-group-ID, sticky. */
  mode: number
  uid: number
  gid: number
  /** Bytes of content, the holes of a sparse file counted; 0 for all but files. */
  size: number
  mtime: Timestamp
  /** Of a symbolic link, its target; of a hard link, the name of an entry before it. */
  linkname: string
  /** Of a device. */
  major: number
  minor: number
  /** `security.capability`: bytes. */
  xattrs: ReadonlyMap<string, Buffer>
  /** Of a sparse file: the pieces that are not holes, in order. */
  sparse?: readonly Fragment[]
}

/** Where a piece of content lies in a sparse file. */
export interface Fragment {
  offset: number
  length: number
}

export const noXattrs: ReadonlyMap<string, Buffer> = new Map()

/** Whatever is wrong with an archive, in one line. */
export function badArchive(reason: string, options?: ErrorOptions): EngineError {
  return new EngineError('invalid', `the archive cannot be used: ${reason}`, options)
}

/** A name from an archive for people: no control characters, and not a page long. */
export function show(name: string): string {
  const short = name.length > 200 ? `${name.slice(0, 200)}…` : name
  return JSON.stringify(short.toWellFormed())
}
