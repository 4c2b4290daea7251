// The mounts of a container, in the order in which config.json lists them.
//
// Runs in init, in the container's namespaces, after prepareRootfs() and before
// enterRootfs(): the host's files are still in sight, and they must be, since they
// are what bind mounts bind. So every destination goes through resolveInRoot().
//
// A file system is told apart by what it shows: proc the PID namespace of whoever
// mounts it, sysfs the network namespace, mqueue the IPC namespace, cgroup the
// cgroup namespace. That is why the container's own are mounted from in here.
//
// OCI runtime specification, config.md "Mounts".
//
// Next: engine/libcontainer/bind-mounts.ts
import { fstatSync, statfsSync } from 'node:fs'
import { constants } from 'node:os'
import { posix } from 'node:path'
import { EngineError, SyscallError } from '../errors.ts'
import { MOUNT_ATTR_RDONLY, MS_BIND, MS_RDONLY, MS_REC, MS_REMOUNT } from '../syscalls/flags.ts'
import { mount, mountSetattr } from '../syscalls/mount.ts'
import { setxattr } from '../syscalls/xattr.ts'
import { bindMount } from './bind-mounts.ts'
import { mountCgroups } from './cgroup-mounts.ts'
import type { CgroupMounts } from './cgroups/cgroup.ts'
import type { Mount } from './config/linux.ts'
import { type MountOptions, mountAttributesOf, parseMountOptions } from './mount-options.ts'
import { guardProc } from './proc-guard.ts'
import { type Resolved, resolveInRoot } from './resolve.ts'
import { copyUp } from './tmpcopyup.ts'

export interface MountContext {
  cgroup: CgroupMounts
  /** init is root of a user namespace, and nobody outside it. */
  userNamespace: boolean
  cgroupNamespace: boolean
  /** SELinux context of all files in the container's own file systems. */
  mountLabel?: string
  /** Where relative sources start: the bundle's directory. */
  bundle?: string
  /** Sources that the host's half has opened, since init may not: a descriptor by index in `mounts` (idmapped.ts). */
  trees?: Readonly<Record<number, number>>
}

/** One entry of `mounts`, with everything that its mounting needs. */
export interface Task {
  entry: Mount
  options: MountOptions
  rootfs: string
  context: MountContext
  /** Opened by the host's half. */
  tree?: number
}

/**
 * Mounts everything, making mount points that the image lacks.
 * @returns warnings: what was asked for and means nothing
 * @throws EngineError naming the entry by its JSON path
 */
export function mountFilesystems(mounts: readonly Mount[], rootfs: string, context: MountContext): string[] {
  const warnings: string[] = []
  // Mount points are for everybody to pass, whatever the umask of who called us.
  const umask = process.umask(0o022)
  for (const [index, entry] of mounts.entries()) {
    const tree = context.trees?.[index]
    const options = parseMountOptions(entry)
    try {
      const said = mountOne({ entry, options, rootfs, context, ...(tree === undefined ? {} : { tree }) })
      warnings.push(...said.map((line) => `$.mounts[${index}]: ${line}`))
    } catch (cause) {
      throw new EngineError('invalid', `$.mounts[${index}]: mount ${describe(entry, options)}`, { cause })
    }
  }
  process.umask(umask)
  return warnings
}

function describe({ source, destination, type }: Mount, { set }: MountOptions): string {
  return `${set & MS_BIND ? source : (type ?? source)} on ${destination}`
}

function mountOne(task: Task): string[] {
  if (task.options.set & MS_BIND) return bindMount(task)
  if (task.options.idmap) throw new EngineError('invalid', 'owners can be mapped for a bind mount only')
  switch (task.entry.type) {
    case 'cgroup':
      return mountCgroups(task)
    case 'sysfs':
      return mountSysfs(task)
    case 'proc':
      mountNew(task, 'refused')
      return []
    default:
      mountNew(task)
      return []
  }
}

/**
 * A file system of its own, from nothing or from a device.
 * @param symlinks `refused` for proc and sysfs: what is written to /proc/self/attr
 * must reach the kernel, so it must be at /proc and not where an image's link points
 */
function mountNew({ entry, options, rootfs, context }: Task, symlinks?: 'refused'): void {
  const { destination, source, type } = entry
  const remount = (options.set & MS_REMOUNT) !== 0
  if (type === undefined && !remount) throw new EngineError('invalid', 'it has no type')
  const create = remount ? false : 'directory'
  using target = resolveInRoot(rootfs, destination, { create, ...(symlinks ? { symlinks } : {}) })
  if (!symlinks) guardProc(target, rootfs)
  const data = [...modeOf(target, type), ...options.data, ...labelOf(type, context.mountLabel)].join(',')
  const flags = isSealedLater(entry) ? options.set & ~MS_RDONLY : options.set
  mount({
    source: source ?? type ?? 'none',
    target: target.path,
    ...(type === undefined ? {} : { type }),
    flags,
    inside: destination,
    ...(data === '' ? {} : { data }),
  })
  finishNew({ entry, options, rootfs, context }, target)
}

/** What mount(2) does not do in the same call. */
function finishNew({ entry, options, rootfs, context }: Task, covered: Resolved): void {
  const below = mountAttributesOf(options.recursive)
  const label = entry.type === 'mqueue' ? context.mountLabel : undefined
  const wanted = options.tmpcopyup || label || below.set || below.clear || options.propagation.length > 0
  if (!wanted) return
  // `covered` is the directory underneath; by its path one comes to the root of what is mounted there.
  using top = resolveInRoot(rootfs, entry.destination, { create: false })
  if (below.set || below.clear) mountSetattr(top.fd, below, true)
  for (const kind of options.propagation)
    mountSetattr(top.fd, { propagation: kind & ~MS_REC }, (kind & MS_REC) !== 0)
  // mqueue takes no context= option.
  if (label) setxattr(top.path, 'security.selinux', Buffer.from(`${label}\0`))
  if (options.tmpcopyup) {
    if (entry.type !== 'tmpfs' || statfsSync(top.path).type !== TMPFS_MAGIC)
      throw new EngineError('invalid', 'tmpcopyup is for a tmpfs')
    copyUp(covered.path, top.path, options.data)
  }
}

/** statfs(2). */
const TMPFS_MAGIC = 0x01021994

/** A tmpfs over a directory is as open as the directory; an explicit `mode=` comes later and wins. */
function modeOf(target: Resolved, type: string | undefined): string[] {
  if (type !== 'tmpfs' || target.created) return []
  return [`mode=${(fstatSync(target.fd).mode & 0o7777).toString(8).padStart(4, '0')}`]
}

/** proc, sysfs and mqueue refuse it with EINVAL. The quotes keep the commas of the context together. */
function labelOf(type: string | undefined, label: string | undefined): string[] {
  const takesNone = ['proc', 'sysfs', 'mqueue', 'cgroup2'].includes(type ?? '')
  return label === undefined || label === '' || takesNone ? [] : [`context="${label}"`]
}

/**
 * The kernel lets only the owner of the network namespace mount a new sysfs: a user
 * namespace that shares the host's network gets EPERM. Then the host's, as it is.
 */
function mountSysfs(task: Task): string[] {
  try {
    mountNew(task, 'refused')
    return []
  } catch (error) {
    const refused = error instanceof SyscallError && error.errno === constants.errno.EPERM
    if (!refused || !task.context.userNamespace) throw error
    // One mount was asked for, and many come: what is read-only is all of them.
    const below = {
      ...task.options.recursive,
      set: task.options.recursive.set | (task.options.set & MS_RDONLY),
    }
    const options = { ...task.options, recursive: below, set: task.options.set | MS_BIND | MS_REC }
    return bindMount({ ...task, entry: { ...task.entry, source: '/sys' }, options })
  }
}

/** These are filled after they are mounted: devices go into /dev, mount points into any tmpfs. */
function isSealedLater({ destination, type }: Mount): boolean {
  return type === 'tmpfs' || posix.normalize(`/${destination}/`) === '/dev/'
}

/** Makes read-only what had to stay writable until now. Runs after enterRootfs(): "/" is the container's. */
export function sealMounts(mounts: readonly Mount[]): void {
  for (const [index, entry] of mounts.entries()) {
    const { set } = parseMountOptions(entry)
    if (!(set & MS_RDONLY) || set & MS_BIND || !isSealedLater(entry)) continue
    try {
      using target = resolveInRoot('/', entry.destination, { create: false })
      mountSetattr(target.fd, { set: MOUNT_ATTR_RDONLY })
    } catch (cause) {
      throw new EngineError('invalid', `$.mounts[${index}]: make ${entry.destination} read-only`, { cause })
    }
  }
}
