// `mounts`, `maskedPaths` and `readonlyPaths` as values of lxc.mount.entry: lines of
// fstab(5), whose second field is a path in the container without its first slash.
//
//   proc proc proc nosuid,noexec,nodev 0 0
//   /var/lib/tocker/volumes/data/_data srv/data none rbind,rw,create=dir 0 0
//
// LXC refuses a symbolic link in the second field, and does well: an image may have
// /srv lead to the host's /etc. But many an image has a link that is meant well,
// /var/run to /run for one. So links are followed here, in the image, with the image as
// "/" (resolveInRoot), missing mount points made, and LXC is told where that led. Should
// another container change the image meanwhile, LXC finds a link, and refuses.
//
// Called by lxc.ts, on the host, before there is a process. Next: engine/drivers/exec/lxc-hook.ts
import { fstatSync, readlinkSync, realpathSync, statSync } from 'node:fs'
import { posix, resolve } from 'node:path'
import { EngineError } from '../../errors.ts'
import type { Config } from '../../libcontainer/config/config.ts'
import type { Mount } from '../../libcontainer/config/linux.ts'
import { parseMountOptions } from '../../libcontainer/mount-options.ts'
import { resolveInRoot } from '../../libcontainer/resolve.ts'
import { MS_BIND, MS_RDONLY } from '../../syscalls/flags.ts'

export interface MountPlaces {
  bundle: string
  /** Without links. */
  rootfs: string
  /** Where LXC mounts the root filesystem while it fills it. */
  mountPoint: string
}

/** In the order of the config; hidden paths last, since what they hide has to be there. */
export function mountEntries(config: Config, places: MountPlaces): string[] {
  const { mounts = [], linux = {} } = config
  const before: string[] = []
  const entries = mounts.flatMap((mount, index) => {
    const destination = clean(mount.destination)
    // LXC has its own of these: a tmpfs with nodes, terminals, and lxc.mount.auto.
    const isLxcs =
      (destination === '/dev' && mount.type === 'tmpfs') ||
      ['devpts', 'cgroup', 'cgroup2'].includes(mount.type ?? '')
    try {
      const entry = isLxcs ? undefined : entryOf(mount, destination, before, places)
      if (isLxcs && !isBelow(destination, before)) place(places.rootfs, destination, 'directory', true)
      before.push(destination)
      return entry === undefined ? [] : [entry]
    } catch (cause) {
      throw new EngineError(
        'invalid',
        `$.mounts[${index}]: mount ${mount.source ?? mount.type} on ${destination}`,
        { cause },
      )
    }
  })
  return [
    ...entries,
    ...(linux.maskedPaths ?? []).flatMap((path) => masked(path, before, places)),
    ...(linux.readonlyPaths ?? []).flatMap((path) => readonly(path, before, places)),
  ]
}

/**
 * The working directory, if it is missing: LXC makes none. In a volume it is made there; in a tmpfs that is yet to
 * be mounted nobody can.
 */
export function makeWorkingDirectory({ process, mounts = [] }: Config, places: MountPlaces): void {
  const cwd = posix.normalize(process?.cwd ?? '/')
  const over = mounts.findLast(({ destination }) => `${cwd}/`.startsWith(`${clean(destination)}/`))
  if (over === undefined) place(places.rootfs, cwd, 'directory', false)
  else if (parseMountOptions(over).set & MS_BIND && !(parseMountOptions(over).set & MS_RDONLY)) {
    const source = realpathSync(resolve(places.bundle, over.source ?? ''))
    if (statSync(source).isDirectory())
      place(source, cwd.slice(clean(over.destination).length), 'directory', false)
  }
}

function entryOf(mount: Mount, destination: string, before: readonly string[], places: MountPlaces): string {
  const { type, options = [] } = mount
  const isBind = (parseMountOptions(mount).set & MS_BIND) !== 0
  const source = isBind
    ? realpathSync(resolve(places.bundle, mount.source ?? ''))
    : (mount.source ?? type ?? 'none')
  const kind = isBind && !statSync(source).isDirectory() ? 'file' : 'directory'
  const words =
    isBind && !options.some((word) => word === 'bind' || word === 'rbind') ? ['bind', ...options] : options
  const create = `create=${kind === 'file' ? 'file' : 'dir'}`
  // Below another mount there is nothing to look at yet.
  if (isBelow(destination, before))
    return line(source, destination, isBind ? 'none' : type, [...words, create])
  const target = place(places.rootfs, destination, kind, type === 'proc' || type === 'sysfs')
  return line(source, target, isBind ? 'none' : type, words)
}

/** Absolute, and without a slash at its end. */
function clean(destination: string): string {
  return posix.normalize(`/${destination}`).replace(/(.)\/$/, '$1')
}

function isBelow(path: string, mounted: readonly string[]): boolean {
  return [...mounted, '/dev'].some((one) => path.startsWith(`${one}/`) || (one !== '/dev' && path === one))
}

/** Where a path of the config lies in the image, or in a volume, made if it is missing. */
function place(rootfs: string, path: string, create: 'file' | 'directory', real: boolean): string {
  using found = resolveInRoot(rootfs, path, { create, ...(real ? { symlinks: 'refused' } : {}) })
  const onHost = readlinkSync(found.path)
  if (onHost !== rootfs && !onHost.startsWith(`${rootfs}/`))
    throw new EngineError('conflict', `${path} was moved out of the root filesystem meanwhile`)
  return onHost.slice(rootfs.length)
}

/** Nothing over a directory, /dev/null over anything else; what is not there needs no hiding. */
function masked(path: string, before: readonly string[], { rootfs }: MountPlaces): string[] {
  const kind = kindOf(path, before, rootfs)
  if (kind === undefined) return []
  return kind === 'directory'
    ? [line('tmpfs', path, 'tmpfs', ['ro'])]
    : [line('/dev/null', path, 'none', ['bind'])]
}

/** The container's own file, bound on itself. */
function readonly(path: string, before: readonly string[], { rootfs, mountPoint }: MountPlaces): string[] {
  if (kindOf(path, before, rootfs) === undefined) return []
  return [line(posix.join(mountPoint, path), path, 'none', ['rbind', 'ro'])]
}

/** Below a mount, the host's has the same: these are paths in /proc and /sys. */
function kindOf(path: string, before: readonly string[], rootfs: string): 'directory' | 'file' | undefined {
  const isDirectory = (): boolean | undefined => {
    if (isBelow(path, before)) return statSync(path, { throwIfNoEntry: false })?.isDirectory()
    using found = resolveInRoot(rootfs, path, { create: false, symlinks: 'refused' })
    return fstatSync(found.fd).isDirectory()
  }
  try {
    const answer = isDirectory()
    return answer === undefined ? undefined : answer ? 'directory' : 'file'
  } catch {
    // ENOENT, or a link: LXC would refuse to mount there.
    return undefined
  }
}

function line(source: string, target: string, type: string | undefined, options: readonly string[]): string {
  if (type === undefined) throw new EngineError('invalid', 'it has no type')
  const relative = target.replace(/^\/+/, '') || '.'
  return [source, relative, type, options.join(',') || 'defaults'].map(field).concat('0', '0').join(' ')
}

/** As getmntent(3) reads it. A line that starts with # would be a comment. */
function field(text: string): string {
  if (text.startsWith('#')) throw new EngineError('invalid', `LXC takes nothing that starts with #: ${text}`)
  return text.replaceAll(/[\\ \t\n]/g, (one) => `\\${one.charCodeAt(0).toString(8).padStart(3, '0')}`)
}
