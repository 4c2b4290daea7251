// /dev of a container: six device nodes, those that config.json adds, and links.
//
// A node is a name for a driver in the kernel, given by two numbers
// (Documentation/admin-guide/devices.txt). These six are harmless; a node of the
// host's disk would be the host's disk.
//
// Runs in init, after mountFilesystems() has put a tmpfs on /dev, and before
// enterRootfs(): where mknod(2) is refused, the host's own nodes are bound.
// OCI runtime specification, config-linux.md "Default Devices", runtime-linux.md
// "Dev symbolic links".
//
// Next: engine/libcontainer/hidden-paths.ts
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  type Stats,
  symlinkSync,
  unlinkSync,
} from 'node:fs'
import { posix } from 'node:path'
import { EngineError, SyscallError } from '../errors.ts'
import { MS_BIND, RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS } from '../syscalls/flags.ts'
import { cloneTree, moveMount } from '../syscalls/mount.ts'
import { makedev, mknodat, O_PATH, openat2 } from '../syscalls/open.ts'
import type { Device, Mount } from './config/linux.ts'
import { parseMountOptions } from './mount-options.ts'
import { type Resolved, resolveInRoot } from './resolve.ts'

const defaultDevices: readonly Device[] = [
  { path: '/dev/null', type: 'c', major: 1, minor: 3 },
  { path: '/dev/zero', type: 'c', major: 1, minor: 5 },
  { path: '/dev/full', type: 'c', major: 1, minor: 7 },
  { path: '/dev/random', type: 'c', major: 1, minor: 8 },
  { path: '/dev/urandom', type: 'c', major: 1, minor: 9 },
  { path: '/dev/tty', type: 'c', major: 5, minor: 0 },
]

const links: readonly [target: string, name: string][] = [
  ['/proc/self/fd', 'fd'],
  ['/proc/self/fd/0', 'stdin'],
  ['/proc/self/fd/1', 'stdout'],
  ['/proc/self/fd/2', 'stderr'],
]

/** False when /dev is bound from the host: then it has what it needs, and it is not ours to change. */
export function needsDevices(mounts: readonly Mount[]): boolean {
  return !mounts.some(
    (entry) =>
      posix.normalize(`/${entry.destination}/`) === '/dev/' && parseMountOptions(entry).set & MS_BIND,
  )
}

/**
 * Makes the nodes and links of /dev.
 * @param options.bind a user namespace may not make devices (mknod(2): EPERM): bind the host's
 */
export function makeDevices(rootfs: string, devices: readonly Device[], options: { bind: boolean }): void {
  const paths = new Set(devices.map(({ path }) => posix.normalize(path)))
  // mknod(2) takes the umask off the mode; these must be open to everybody.
  const umask = process.umask(0)
  using opened = new DisposableStack()
  const directories = new Map<string, Resolved>()
  const directoryOf = (path: string): Resolved => {
    const known = directories.get(path)
    if (known) return known
    const found = opened.use(resolveInRoot(rootfs, path, { create: 'directory' }))
    directories.set(path, found)
    return found
  }
  try {
    for (const device of [...defaultDevices.filter(({ path }) => !paths.has(path)), ...devices])
      makeDevice(rootfs, directoryOf, device, options.bind)
    makeLinks(directoryOf)
  } finally {
    process.umask(umask)
  }
}

function makeDevice(
  rootfs: string,
  directoryOf: (path: string) => Resolved,
  device: Device,
  bind: boolean,
): void {
  const path = posix.normalize(device.path)
  // A link into /dev/pts: the one of the host would open terminals of the host.
  if (path === '/dev/ptmx') return
  try {
    const directory = directoryOf(posix.dirname(path))
    // A FIFO is nothing but a file: everybody may make one.
    if (bind && device.type !== 'p') bindDevice(rootfs, device)
    else if (!makeNode(directory, posix.basename(path), device)) bindDevice(rootfs, device)
  } catch (cause) {
    throw new EngineError('forbidden', `make the device ${path}`, { cause })
  }
}

/** False when mknod(2) may not. @throws EngineError `conflict` when something else is there already */
function makeNode({ fd, path }: Resolved, name: string, device: Device): boolean {
  const { type, major = 0, minor = 0, fileMode = 0o666, uid = 0, gid = 0 } = device
  const mode = fileMode & 0o7777
  let made = true
  try {
    mknodat(fd, name, mode, { type, major, minor })
  } catch (error) {
    if (error instanceof SyscallError && error.code === 'EPERM') return false
    // The image may bring its /dev along.
    if (!(error instanceof SyscallError && error.code === 'EEXIST')) throw error
    made = false
  }
  // As it should be, nearly always. Not so where an image has it, or its directory says
  // who owns what is made in there: a default ACL, a set-group-ID bit.
  const info = lstatSync(`${path}/${name}`)
  const right = (info.mode & 0o7777) === mode && info.uid === uid && info.gid === gid
  if (isDevice(info, device) && right) return true
  const node = openat2(fd, name, O_PATH | constants.O_NOFOLLOW, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS)
  try {
    // "MUST generate an error": whatever an image has put there is not what was asked for.
    if (!isDevice(fstatSync(node), device)) throw new EngineError('conflict', 'another file is there already')
    // By descriptor: a link swapped in by now is not followed to a file of the host's.
    try {
      chmodSync(`/proc/self/fd/${node}`, mode)
      chownSync(`/proc/self/fd/${node}`, uid, gid)
    } catch (error) {
      // Root of a user namespace finds the host's own, bound by a manager: it is the device, and not to be changed.
      if (made || !(error instanceof Error && 'code' in error && error.code === 'EPERM')) throw error
    }
    return true
  } finally {
    closeSync(node)
  }
}

function isDevice(info: Stats, { type, major = 0, minor = 0 }: Device): boolean {
  if (type === 'p') return info.isFIFO()
  return (
    info.rdev === makedev(major, minor) && (type === 'b' ? info.isBlockDevice() : info.isCharacterDevice())
  )
}

function bindDevice(rootfs: string, { path, major = 0, minor = 0 }: Device): void {
  const tree = cloneTree(path, false)
  try {
    // The path is the container's: what the host has there may be no device at all.
    if (fstatSync(tree).rdev !== makedev(major, minor))
      throw new EngineError('not-found', `the host has no device ${major}:${minor} at ${path}`)
    using target = resolveInRoot(rootfs, path, { create: 'file', symlinks: 'refused' })
    moveMount(tree, target.fd, path)
  } finally {
    closeSync(tree)
  }
}

function makeLinks(directoryOf: (path: string) => Resolved): void {
  try {
    const { path } = directoryOf('/dev')
    for (const [target, name] of links) link(target, `${path}/${name}`)
    // A kernel may have been built without it.
    if (existsSync('/proc/kcore')) link('/proc/kcore', `${path}/core`)
    // Whatever the image has there: a node of its own would open terminals of the host.
    const ptmx = `${path}/ptmx`
    if (link('pts/ptmx', ptmx)) return
    unlinkSync(ptmx)
    symlinkSync('pts/ptmx', ptmx)
  } catch (cause) {
    throw new EngineError('invalid', 'make the links in /dev', { cause })
  }
}

/** False when something is there already. */
function link(target: string, path: string): boolean {
  try {
    symlinkSync(target, path)
    return true
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    return false
  }
}
