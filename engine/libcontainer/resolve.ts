// Where a path of config.json lies inside a root filesystem that is not "/" yet.
//
// The image's author chose what is in there, and another container may share part
// of it and change it while we look. `rootfs + path`, handed to mount(2), follows
// the image's symbolic links with the *host's* root, and lands on the host. To
// check first and mount afterwards leaves time to swap a link in between
// (CVE-2019-19921, CVE-2021-30465, CVE-2023-27561, CVE-2023-28642). So:
//
//   - the kernel walks the path, under RESOLVE_IN_ROOT: "/" and ".." end at rootfs;
//   - what comes out is a descriptor, which no rename can lead elsewhere;
//   - the mount goes onto that descriptor, or onto its /proc/self/fd/N.
//
// Rejected: walking by hand with O_NOFOLLOW and readlink(2), as one must before
// Linux 5.6. It is 200 lines, and each has been wrong in some runtime.
//
// Next: engine/libcontainer/mounts.ts
import { closeSync, constants, lstatSync, mkdirSync, openSync, readlinkSync } from 'node:fs'
import { constants as os } from 'node:os'
import { posix } from 'node:path'
import { SyscallError } from '../errors.ts'
import {
  RESOLVE_BENEATH,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
} from '../syscalls/flags.ts'
import { O_PATH, openat2 } from '../syscalls/open.ts'

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants

/** A place in the root filesystem, held open. */
export interface Resolved extends Disposable {
  fd: number
  /** For calls that take paths. Valid until disposed. */
  path: string
  /** It was not there, and is now. */
  created: boolean
}

export interface ResolveOptions {
  /** What to make when it is missing, and directories before it. */
  create: 'directory' | 'file' | false
  /** A symbolic link anywhere in the path is an error (ELOOP). */
  symlinks?: 'refused'
}

/**
 * Opens `path` as a process whose "/" is `rootfs` would.
 * @param path `..` is taken back textually first, as every runtime does
 * @throws SyscallError ENOENT when it is missing and not to be made; ELOOP; ENOTDIR
 */
export function resolveInRoot(rootfs: string, path: string, options: ResolveOptions): Resolved {
  const root = openSync(rootfs, O_PATH | O_DIRECTORY)
  try {
    const clean = posix.normalize(`/${path}`)
    const found = openIfThere(root, clean, options)
    if (found !== undefined) return resolved(found, false)
    const child = makeInParent(root, clean, options)
    if (child !== undefined) return resolved(child, true)
    const made = makeMissing(root, clean, options)
    return resolved(openInRoot(root, made, { create: false, symlinks: 'refused' }), true)
  } finally {
    closeSync(root)
  }
}

function resolved(fd: number, created: boolean): Resolved {
  return { fd, path: `/proc/self/fd/${fd}`, created, [Symbol.dispose]: () => closeSync(fd) }
}

function openIfThere(root: number, path: string, options: ResolveOptions): number | undefined {
  try {
    return openInRoot(root, path, options)
  } catch (error) {
    if (options.create && error instanceof SyscallError && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Somebody renaming directories on our way makes the kernel give up (EAGAIN); whoever does so without end, loses. */
const patience = 1000

function openInRoot(root: number, path: string, { symlinks }: ResolveOptions): number {
  const links = symlinks === 'refused' ? RESOLVE_NO_SYMLINKS : 0
  for (let tries = 1; ; tries++) {
    try {
      return openat2(root, path, O_PATH, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | links)
    } catch (error) {
      const again = error instanceof SyscallError && error.errno === os.errno.EAGAIN
      if (!again || tries === patience) throw error
    }
  }
}

/** Nearly always the last part alone is missing, and its parent is one call away. @returns undefined when it takes more than that */
function makeInParent(root: number, path: string, options: ResolveOptions): number | undefined {
  const parent = openIfThere(root, posix.dirname(path), options)
  if (parent === undefined) return undefined
  try {
    const name = posix.basename(path)
    const here = `/proc/self/fd/${parent}/${name}`
    // A link that leads to nothing yet.
    if (lstatSync(here, { throwIfNoEntry: false })) return undefined
    make(here, options.create)
    return openat2(parent, name, O_PATH | O_NOFOLLOW, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS)
  } finally {
    closeSync(parent)
  }
}

/** As many as the kernel follows in one path, path_resolution(7). */
const mostLinks = 40

/**
 * Makes the parts of `path` that are missing, one by one, and returns the path
 * without symbolic links. A link whose target is missing is followed, and the
 * target made: /etc/resolv.conf of many an image points into an empty /run.
 */
function makeMissing(root: number, path: string, { create, symlinks }: ResolveOptions): string {
  const rest = path.split('/').filter(Boolean)
  const done: string[] = []
  for (let links = 0; rest.length > 0; ) {
    const name = rest.shift() ?? ''
    if (name === '.' || name === '') continue
    if (name === '..') {
      done.pop()
      continue
    }
    // Whatever `done` has become meanwhile, it is inside; and `name` is looked at without following it.
    const parent = openInRoot(root, `/${done.join('/')}`, { create: false })
    try {
      const here = `/proc/self/fd/${parent}/${name}`
      const info = lstatSync(here, { throwIfNoEntry: false })
      if (info?.isSymbolicLink() && symlinks !== 'refused') {
        if (++links > mostLinks)
          throw new SyscallError('openat2', os.errno.ELOOP, 'ELOOP', JSON.stringify(path))
        const target = readlinkSync(here)
        if (target.startsWith('/')) done.length = 0
        rest.unshift(...target.split('/'))
        continue
      }
      if (!info) make(here, rest.every((part) => part === '' || part === '.') ? create : 'directory')
      done.push(name)
    } finally {
      closeSync(parent)
    }
  }
  return `/${done.join('/')}`
}

/** mkdir(2), and open(2) with O_EXCL, never follow a link in the last part. */
function make(path: string, kind: ResolveOptions['create']): void {
  try {
    if (kind === 'file') closeSync(openSync(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0o755))
    else mkdirSync(path, 0o755)
  } catch (error) {
    // Somebody else made it between lstat(2) and here; what it is, the caller will see.
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
}
