// An archive becomes a tree of files: what applyDiff() of every graph driver calls.
//
// The archive is a stranger's. Each entry is counted against the limits, its path is
// looked at (entry-path.ts), its parent directory resolved by the kernel inside the
// target (parents.ts), and what is made there is new: O_EXCL, or removed first, so that
// nothing is ever written through a file or link that an earlier entry left.
//
// Between two chunks of the stream everything is synchronous: a small file is five
// system calls of a microsecond each, and a round through libuv's threads would cost
// ten times that. The stream itself, and what decompresses it, run beside.
//
// An archive that is refused leaves what was unpacked until then; the caller throws the
// target away.
//
// Next: engine/archive/target-tree.ts
import type { Readable } from 'node:stream'
import { entryPath } from './entry-path.ts'
import { type ArchiveLimits, defaultLimits } from './limits.ts'
import type { Owners } from './owners.ts'
import { badArchive, show, type TarEntry } from './tar-entry.ts'
import { TarReader } from './tar-reader.ts'
import { TargetTree } from './target-tree.ts'
import { readWhiteout, type WhiteoutStyle } from './whiteout.ts'

export interface UnpackOptions {
  whiteouts: WhiteoutStyle
  limits?: ArchiveLimits
  /** Whose the files are where containers have users of their own. */
  owners?: Owners | undefined
  /** Into a directory of a tree that has its own life, as `docker cp` does; left out, the target is ours alone. */
  into?: InsideOptions
}

interface InsideOptions {
  /** Where in the target, without links: `['usr', 'lib']`. What the archive calls `.` is there, and stays as it is. */
  directory: readonly string[]
  /** A directory does not become something else, nor the other way round. */
  keepKinds: boolean
  /** Whom everything will belong to, whatever the archive says. */
  owner?: { uid: number; gid: number }
}

/**
 * @param tar not compressed; read to its end, or destroyed
 * @param target a directory that nobody else writes to meanwhile
 * @returns bytes of files' content
 * @throws EngineError `invalid` for an archive that is broken, hostile, or over the limits
 */
export async function unpack(tar: Readable, target: string, options: UnpackOptions): Promise<number> {
  await using reader = new TarReader(tar)
  using tree = new TargetTree(target, options.whiteouts, options)
  const { bytes: mostBytes, entries: mostEntries } = options.limits ?? defaultLimits
  let bytes = 0
  let entries = 0
  for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
    bytes += entry.size
    if (++entries > mostEntries) throw badArchive(`it has more than ${mostEntries} entries`)
    if (bytes > mostBytes)
      throw badArchive(`its files have more than ${mostBytes} bytes, with ${show(entry.name)}`)
    await unpackEntry(entry, reader, tree, options)
  }
  tree.finish()
  return bytes
}

async function unpackEntry(
  entry: TarEntry,
  reader: TarReader,
  tree: TargetTree,
  { whiteouts: style, into, owners }: UnpackOptions,
): Promise<void> {
  const inner = entryPath(entry.name)
  if (into !== undefined && inner.length === 0) return
  const parts = into === undefined ? inner : [...into.directory, ...inner]
  Object.assign(entry, into?.owner)
  Object.assign(entry, owners?.onDisk(entry))
  const whiteout = style === 'none' ? undefined : readWhiteout(parts)
  if (whiteout?.kind === 'metadata') return
  if (whiteout !== undefined) {
    tree.whiteout(parts.slice(0, -1), whiteout)
    return
  }
  if (entry.type !== 'file') {
    tree.make(parts, entry)
    return
  }
  using file = tree.create(parts, entry)
  await reader.content(file.write)
  file.finish()
}
