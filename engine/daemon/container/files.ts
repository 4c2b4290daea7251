// A container's files as the container itself sees them, volumes and all: for `docker cp`.
//
//   it runs      /proc/PID/root: its own mounts, whatever it has mounted since
//   it does not  its layer, and its volumes bound over it, in a place of ours:
//                <exec-root>/files/<random>
//
// Every path is the user's, and every link on it the container's. The kernel walks them
// from the root's descriptor under RESOLVE_IN_ROOT, so that `/etc -> /../../etc` ends inside.
//
// Called by jobs/container-archive.ts. Next: engine/archive/pack.ts
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmdirSync,
  statSync,
} from 'node:fs'
import { constants as os } from 'node:os'
import { join, posix } from 'node:path'
import { encodePath } from '../../archive/name.ts'
import type { Owners } from '../../archive/owners.ts'
import { at, Parents } from '../../archive/parents.ts'
import { EngineError, SyscallError } from '../../errors.ts'
import {
  MNT_DETACH,
  MS_BIND,
  MS_PRIVATE,
  MS_RDONLY,
  MS_REMOUNT,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
} from '../../syscalls/flags.ts'
import { mount, umount2 } from '../../syscalls/mount.ts'
import { O_PATH, openat2 } from '../../syscalls/open.ts'
import type { LaunchParts } from './launch.ts'
import type { ContainerRecord, MountPoint } from './record.ts'

const { O_DIRECTORY, O_NOFOLLOW } = constants

/** What is found at a path. */
export interface Found extends Disposable {
  /** O_PATH: a name for it, with which nothing can be read. */
  fd: number
}

export class ContainerFiles implements Disposable {
  readonly root: number

  constructor(root: number) {
    this.root = root
  }

  /**
   * @param path absolute; a slash at its end, or `/.`, wants a directory, and follows the last link
   * @param follow the last link, too
   * @returns undefined for what is not there
   * @throws EngineError `invalid` for a path through a file, or through links in a circle
   */
  find(path: string, follow: boolean): Found | undefined {
    try {
      const flags = O_PATH | (follow ? 0 : O_NOFOLLOW)
      const fd = openat2(this.root, encodePath(path), flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
      return { fd, [Symbol.dispose]: () => closeSync(fd) }
    } catch (cause) {
      const { ENOENT, ENOTDIR } = os.errno
      if (cause instanceof SyscallError && cause.errno === ENOENT) return undefined
      if (cause instanceof SyscallError && cause.errno === ENOTDIR)
        throw new EngineError('invalid', `lstat ${path}: not a directory`)
      throw new EngineError('invalid', `look for ${path}`, { cause })
    }
  }

  /** Its path in the container, without links: `/usr/lib`. */
  pathOf({ fd }: Found): string {
    const [root, path] = [this.root, fd].map((one) => readlinkSync(`/proc/self/fd/${one}`))
    return posix.join('/', root === '/' ? (path ?? '') : (path ?? '').slice(root?.length))
  }

  [Symbol.dispose](): void {
    closeSync(this.root)
  }
}

/**
 * For as long as `work` goes on. A container that does not run cannot be started or removed meanwhile.
 * @param signal of who asked @param work gets one that is aborted when one that runs is removed
 */
export async function withFiles<T>(
  parts: LaunchParts,
  id: string,
  signal: AbortSignal,
  work: (files: ContainerFiles, record: ContainerRecord, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { containers, readers } = parts
  const running = openRunning(containers.find(id))
  if (running !== undefined) {
    using files = running
    return await readers.read(id, signal, (stays) => work(files, containers.find(id), stays))
  }
  return await containers.turns.take(id, async () => {
    const record = containers.find(id)
    // Somebody had the turn before us, and has started it.
    using started = openRunning(record)
    if (started !== undefined) return await work(started, record, signal)
    await using stack = new AsyncDisposableStack()
    return await work(stack.use(await assembled(parts, record, stack)), record, signal)
  })
}

function openRunning({ state }: ContainerRecord): ContainerFiles | undefined {
  if (state.pid === 0) return undefined
  try {
    return new ContainerFiles(openSync(`/proc/${state.pid}/root`, O_PATH | O_DIRECTORY))
  } catch {
    // It has just ended, and nobody has said so yet.
    return undefined
  }
}

/** @param stack what it takes is undone by it */
async function assembled(
  { graph, containers, volumes, execRoot }: LaunchParts,
  record: ContainerRecord,
  stack: AsyncDisposableStack,
): Promise<ContainerFiles> {
  const layer = containers.layerOf(record.id)
  const rootfs = await graph.driver.get(layer)
  stack.defer(() => graph.driver.put(layer))
  const parent = filesDirectory(execRoot)
  mkdirSync(parent, { recursive: true, mode: 0o700 })
  const place = mkdtempSync(join(parent, 'c'))
  stack.defer(() => rmdirSync(place))
  mount({ source: rootfs, target: place, flags: MS_BIND })
  stack.defer(() => umount2(place, MNT_DETACH))
  // What is mounted below is nobody else's business.
  mount({ target: place, flags: MS_PRIVATE })
  for (const point of record.mountPoints) {
    const source = point.type === 'volume' && point.name ? await volumes.acquire(point.name) : point.source
    if (point.type === 'volume' && point.name) {
      const { name } = point
      stack.defer(() => volumes.release(name))
    }
    if (source !== '') bindInto(place, point, source, graph.driver.owners)
  }
  return new ContainerFiles(openSync(place, O_PATH | O_DIRECTORY))
}

function bindInto(
  place: string,
  { destination, writable }: MountPoint,
  source: string,
  owners: Owners | undefined,
): void {
  const info = statSync(source, { throwIfNoEntry: false })
  if (info === undefined) return
  using files = new ContainerFiles(openSync(place, O_PATH | O_DIRECTORY))
  // A container that has never run has no directory for it, perhaps.
  if (info.isDirectory()) {
    using parents = new Parents(place, (fd, name) => {
      mkdirSync(at(fd, name), 0o755)
      owners?.give(at(fd, name))
    })
    parents.of(posix.normalize(destination).replace(/^\/|\/$/g, ''))
  }
  using found = files.find(destination, true)
  if (found === undefined) return
  mount({ source, target: `/proc/self/fd/${found.fd}`, flags: MS_BIND, inside: destination })
  if (writable) return
  // The descriptor is of what was there before: the mount upon it is found by its path.
  using mounted = files.find(destination, true)
  if (mounted !== undefined)
    mount({
      target: `/proc/self/fd/${mounted.fd}`,
      flags: MS_BIND | MS_REMOUNT | MS_RDONLY,
      inside: destination,
    })
}

function filesDirectory(execRoot: string): string {
  return join(execRoot, 'files')
}

/** What a killed daemon left mounted. */
export function sweepFiles(execRoot: string): void {
  const parent = filesDirectory(execRoot)
  let names: string[] = []
  try {
    names = readdirSync(parent)
  } catch {
    // Nobody has copied anything since the machine was booted.
  }
  for (const name of names) {
    try {
      umount2(join(parent, name), MNT_DETACH)
    } catch {
      // Killed before it was mounted.
    }
    rmdirSync(join(parent, name))
  }
}

/** What node:fs calls it. */
export function placeOf({ fd }: Found): string {
  return `/proc/self/fd/${fd}`
}
