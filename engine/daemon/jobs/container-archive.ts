// `docker cp`: files out of a container and into it, as archives, with Docker's path rules:
//
//   /etc/hosts     the file, or the link if it is one
//   /etc           the directory, called `etc` in the archive
//   /etc/          the same, and what a link leads to
//   /etc/.         what is in it: `./hosts`
//
// Into a container an archive goes into a directory that is there: whether `docker cp a b`
// means "into b" or "as b" the client has found out before, by the stat.
//
// Next: engine/daemon/container/files.ts
import { type BigIntStats, closeSync, constants, fstatSync, openSync, readlinkSync } from 'node:fs'
import { posix } from 'node:path'
import { addAbortSignal, type Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { decompress } from '../../archive/compression.ts'
import { packOne } from '../../archive/pack.ts'
import { unpack } from '../../archive/unpack.ts'
import { EngineError } from '../../errors.ts'
import { type ContainerFiles, type Found, placeOf, withFiles } from '../container/files.ts'
import type { ContainerRecord } from '../container/record.ts'
import { readInRoot } from '../container/root-file.ts'
import { resolveUser } from '../container/user.ts'
import type { DaemonJob } from '../daemon.ts'

const { O_DIRECTORY, O_RDONLY } = constants

export interface ArchiveTarget {
  /** As the user called it. */
  container: string
  /** In the container; relative to its root when it begins otherwise. */
  path: string
}

/** Docker's ContainerPathStat. */
export interface PathStat {
  name: string
  size: number
  /** Go's os.FileMode. */
  mode: number
  /** RFC 3339. */
  mtime: string
  /** Where a link leads in the end; empty for all else. */
  linkTarget: string
}

export const archiveStat: DaemonJob<ArchiveTarget, PathStat> = {
  name: 'archive-stat',
  run: ({ containers, lifecycle }, { container, path }, { signal }) =>
    withFiles(lifecycle.parts, containers.find(container).id, signal, async (files) => {
      using found = locate(files, { container, path })
      return statOf(files, found, absolute(path))
    }),
}

export const archiveGet: DaemonJob<ArchiveTarget & { open: (stat: PathStat) => Writable }, void> = {
  name: 'archive-get',
  run: ({ containers, lifecycle }, { container, path, open }, { signal }) =>
    withFiles(lifecycle.parts, containers.find(container).id, signal, async (files, record, stays) => {
      const wanted = absolute(path)
      using found = locate(files, { container, path })
      const stat = statOf(files, found, wanted)
      using source = openSource(files, found, wanted)
      const archive = packOne(source.fd, source.name, source.as, lifecycle.parts.graph.driver.owners)
      lifecycle.tell(record, 'archive-path')
      await pipeline(archive, open(stat), { signal: stays }).catch(unlessGone(signal))
    }),
}

export interface ArchivePut extends ArchiveTarget {
  archive: Readable
  noOverwriteDirNonDir: boolean
  /** To whom the container's user is, and not to whom the archive says. */
  copyUIDGID: boolean
}

export const archivePut: DaemonJob<ArchivePut, void> = {
  name: 'archive-put',
  run: (
    { containers, lifecycle },
    { container, path, archive, noOverwriteDirNonDir, copyUIDGID },
    { signal },
  ) =>
    withFiles(lifecycle.parts, containers.find(container).id, signal, async (files, record, stays) => {
      using found = locate(files, { container, path }, true)
      const real = files.pathOf(found)
      refuseReadOnly(record, real)
      const owner = copyUIDGID ? ownerOf(files, record) : undefined
      const { tar } = await decompress(addAbortSignal(stays, archive))
      await unpack(tar, `/proc/self/fd/${files.root}`, {
        whiteouts: 'none',
        owners: lifecycle.parts.graph.driver.owners,
        into: {
          directory: real.split('/').filter((part) => part !== ''),
          keepKinds: noOverwriteDirNonDir,
          ...(owner === undefined ? {} : { owner }),
        },
      })
      lifecycle.tell(record, 'extract-to-dir')
    }),
}

/** From `/`, and with what stands at the end for a reason. */
function absolute(path: string): string {
  const clean = posix.join('/', path)
  if (clean === '/') return /(^|\/)\.$/.test(path) ? '/.' : '/'
  const bare = clean.replace(/\/$/, '')
  return /\/\.$/.test(path) ? `${bare}/.` : path.endsWith('/') ? `${bare}/` : bare
}

/** @param directory it has to be one @throws EngineError in Docker's words */
function locate(files: ContainerFiles, { container, path }: ArchiveTarget, directory = false): Found {
  // Without the space, as Docker has it.
  if (path === '') throw new EngineError('invalid', 'bad parameter: pathcannot be empty')
  const wanted = absolute(path)
  if (directory) {
    const target = wanted.replace(/(.)\/\.?$/, '$1')
    const found = files.find(target, true) ?? missing(container, target)
    if (fstatSync(found.fd).isDirectory()) return found
    found[Symbol.dispose]()
    throw new EngineError('invalid', 'extraction point is not a directory')
  }
  return files.find(wanted, false) ?? missing(container, wanted)
}

function missing(container: string, path: string): never {
  throw new EngineError('not-found', `Could not find the file ${path} in container ${container}`)
}

function statOf(files: ContainerFiles, found: Found, path: string): PathStat {
  const info = fstatSync(found.fd, { bigint: true })
  const nanoseconds = String(info.mtimeNs % 1_000_000_000n).padStart(9, '0')
  const seconds = new Date(Number(info.mtimeMs)).toISOString().slice(0, 19)
  return {
    name: baseOf(path),
    size: Number(info.size),
    mode: goMode(info),
    mtime: `${seconds}.${nanoseconds}Z`,
    linkTarget: info.isSymbolicLink() ? linkTarget(files, path) : '',
  }
}

/** As Go's filepath.Base has it: `/` of the root, `.` of `/etc/.`. */
function baseOf(path: string): string {
  return path === '/' ? '/' : (path.replace(/\/$/, '').split('/').at(-1) ?? '')
}

function linkTarget(files: ContainerFiles, path: string): string {
  using found = files.find(path, true)
  if (found !== undefined) return files.pathOf(found)
  // It leads to nothing: as far as its own words say.
  const directory = posix.dirname(path)
  using parent = files.find(directory, true)
  return parent === undefined
    ? path
    : posix.resolve(files.pathOf(parent), readlinkSync(`${placeOf(parent)}/${posix.basename(path)}`))
}

const goBits: readonly [is: (info: BigIntStats) => boolean, bits: number][] = [
  [(info) => info.isDirectory(), 2 ** 31],
  [(info) => info.isSymbolicLink(), 2 ** 27],
  [(info) => info.isBlockDevice(), 2 ** 26],
  [(info) => info.isCharacterDevice(), 2 ** 26 + 2 ** 21],
  [(info) => info.isFIFO(), 2 ** 25],
  [(info) => info.isSocket(), 2 ** 24],
  [(info) => (info.mode & 0o4000n) !== 0n, 2 ** 23],
  [(info) => (info.mode & 0o2000n) !== 0n, 2 ** 22],
  [(info) => (info.mode & 0o1000n) !== 0n, 2 ** 20],
]

function goMode(info: BigIntStats): number {
  return goBits.reduce((mode, [is, bits]) => (is(info) ? mode + bits : mode), Number(info.mode & 0o777n))
}

/** What to pack: a directory by itself, anything else by its name in its directory. */
function openSource(
  files: ContainerFiles,
  found: Found,
  path: string,
): Disposable & { fd: number; name: string; as: string } {
  const as = baseOf(path)
  const isDirectory = fstatSync(found.fd).isDirectory()
  if (!isDirectory && /\/\.?$/.test(path)) throw new EngineError('invalid', 'not a directory')
  using parent = isDirectory ? undefined : files.find(posix.dirname(path), true)
  const fd = openSync(placeOf(parent ?? found), O_RDONLY | O_DIRECTORY)
  return {
    ...{ fd, name: isDirectory ? '.' : as, as: as === '/' ? '' : as },
    [Symbol.dispose]: () => closeSync(fd),
  }
}

/** Docker's words. The kernel would refuse it, too, where the container runs. */
function refuseReadOnly({ mountPoints, hostConfig }: ContainerRecord, path: string): void {
  const isBelow = (directory: string): boolean =>
    directory === '/' || path === directory || path.startsWith(`${directory}/`)
  const point = mountPoints
    .filter(({ destination }) => isBelow(destination))
    .sort((a, b) => b.destination.length - a.destination.length)[0]
  if (point !== undefined && !point.writable)
    throw new EngineError('invalid', 'mounted volume is marked read-only')
  if (point === undefined && hostConfig.ReadonlyRootfs)
    throw new EngineError('invalid', 'container rootfs is marked read-only')
}

function ownerOf(
  files: ContainerFiles,
  { config }: ContainerRecord,
): { uid: number; gid: number } | undefined {
  if (!config.User) return undefined
  const root = `/proc/self/fd/${files.root}`
  const read = (path: string): string => readInRoot(root, path)
  const { uid, gid } = resolveUser(config.User, { passwd: read('etc/passwd'), group: read('etc/group') })
  return { uid, gid }
}

/** A client that left has nobody to hear of it. */
function unlessGone(signal: AbortSignal): (error: unknown) => void {
  return (error) => {
    if (!signal.aborted) throw error
  }
}
