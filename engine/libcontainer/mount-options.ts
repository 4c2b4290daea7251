// A mount's `options`, as words for mount(8), turned into what the kernel takes.
//
// OCI runtime specification, config.md "Linux mount options". Four kinds of words:
//
//   ro, nosuid, noatime …   a flag of this one mount, on or off
//   rro, rnosuid …          the same for it and all mounts below it
//   rslave, shared …        whether later mounts spread, mount_namespaces(7)
//   anything else           is for the file system: `mode=755`, `size=64k`
//
// Pure. Of words that contradict each other the last one holds, as with mount(8).
//
// Next: engine/libcontainer/resolve.ts
import {
  MOUNT_ATTR__ATIME,
  MOUNT_ATTR_NOATIME,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NODIRATIME,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_NOSYMFOLLOW,
  MOUNT_ATTR_RDONLY,
  MOUNT_ATTR_STRICTATIME,
  MS_BIND,
  MS_DIRSYNC,
  MS_I_VERSION,
  MS_LAZYTIME,
  MS_MANDLOCK,
  MS_NOATIME,
  MS_NODEV,
  MS_NODIRATIME,
  MS_NOEXEC,
  MS_NOSUID,
  MS_NOSYMFOLLOW,
  MS_PRIVATE,
  MS_RDONLY,
  MS_REC,
  MS_RELATIME,
  MS_REMOUNT,
  MS_SHARED,
  MS_SILENT,
  MS_SLAVE,
  MS_STRICTATIME,
  MS_SYNCHRONOUS,
  MS_UNBINDABLE,
} from '../syscalls/flags.ts'
import type { Mount } from './config/linux.ts'

/** MS_… that are asked to be on, and those that are asked to be off. */
export interface Flags {
  set: number
  clear: number
}

export interface MountOptions extends Flags {
  /** Of `rro` and its kin. */
  recursive: Flags
  /** MS_SHARED …, each with MS_REC or without; in the order given. */
  propagation: readonly number[]
  /** What is left over, for the file system. */
  data: readonly string[]
  /** The image's files under a tmpfs are copied into it. */
  tmpcopyup: boolean
  /** Owners are mapped: for this mount, or for those below it too. */
  idmap: false | 'idmap' | 'ridmap'
}

type Words = Readonly<Record<string, readonly [set: number, clear: number]>>

const atime = MS_NOATIME | MS_RELATIME | MS_STRICTATIME

/** Flags of a mount. Each exists a second time with an `r` before it. */
const mountWords: Words = {
  ro: [MS_RDONLY, 0],
  rw: [0, MS_RDONLY],
  nosuid: [MS_NOSUID, 0],
  suid: [0, MS_NOSUID],
  nodev: [MS_NODEV, 0],
  dev: [0, MS_NODEV],
  noexec: [MS_NOEXEC, 0],
  exec: [0, MS_NOEXEC],
  nosymfollow: [MS_NOSYMFOLLOW, 0],
  symfollow: [0, MS_NOSYMFOLLOW],
  nodiratime: [MS_NODIRATIME, 0],
  diratime: [0, MS_NODIRATIME],
  // One field with three values: naming one takes the others back.
  noatime: [MS_NOATIME, atime & ~MS_NOATIME],
  atime: [0, MS_NOATIME],
  relatime: [MS_RELATIME, atime & ~MS_RELATIME],
  norelatime: [0, MS_RELATIME],
  strictatime: [MS_STRICTATIME, atime & ~MS_STRICTATIME],
  nostrictatime: [0, MS_STRICTATIME],
}

/** Flags of the file system, or of the call. `acl` is not here: to the kernel MS_POSIXACL is its own business. */
const otherWords: Words = {
  defaults: [0, 0],
  bind: [MS_BIND, 0],
  rbind: [MS_BIND | MS_REC, 0],
  remount: [MS_REMOUNT, 0],
  sync: [MS_SYNCHRONOUS, 0],
  async: [0, MS_SYNCHRONOUS],
  dirsync: [MS_DIRSYNC, 0],
  mand: [MS_MANDLOCK, 0],
  nomand: [0, MS_MANDLOCK],
  iversion: [MS_I_VERSION, 0],
  noiversion: [0, MS_I_VERSION],
  lazytime: [MS_LAZYTIME, 0],
  nolazytime: [0, MS_LAZYTIME],
  silent: [MS_SILENT, 0],
  loud: [0, MS_SILENT],
}

/** Also the values of `linux.rootfsPropagation`. */
export const propagationWords: Readonly<Record<string, number>> = {
  shared: MS_SHARED,
  slave: MS_SLAVE,
  private: MS_PRIVATE,
  unbindable: MS_UNBINDABLE,
  rshared: MS_SHARED | MS_REC,
  rslave: MS_SLAVE | MS_REC,
  rprivate: MS_PRIVATE | MS_REC,
  runbindable: MS_UNBINDABLE | MS_REC,
}

/** Every word that is not for the file system: `features` lists them. */
export function knownMountOptions(): string[] {
  return [
    ...Object.keys(mountWords).flatMap((word) => [word, `r${word}`]),
    ...Object.keys(otherWords),
    ...Object.keys(propagationWords),
    ...['idmap', 'ridmap', 'tmpcopyup'],
  ].sort()
}

/** What the options of one mount ask for. */
export function parseMountOptions(mount: Mount): MountOptions {
  const own: Flags = { set: 0, clear: 0 }
  const recursive: Flags = { set: 0, clear: 0 }
  const propagation: number[] = []
  const data: string[] = []
  const more: Pick<MountOptions, 'tmpcopyup' | 'idmap'> = { tmpcopyup: false, idmap: false }
  for (const word of mount.options ?? []) {
    const flag = lookUp(mountWords, word) ?? lookUp(otherWords, word)
    const below = word.startsWith('r') ? lookUp(mountWords, word.slice(1)) : undefined
    const spread = lookUp(propagationWords, word)
    if (flag) apply(own, flag)
    else if (below) apply(recursive, below)
    else if (spread !== undefined) propagation.push(spread)
    else if (word === 'tmpcopyup') more.tmpcopyup = true
    else if (word === 'idmap' || word === 'ridmap') more.idmap = word
    else data.push(word)
  }
  // Mappings speak for themselves: without the word, they are for this mount alone.
  if (mount.uidMappings?.length && !more.idmap) more.idmap = 'idmap'
  // With `bind` the type means nothing, and without it this type means `bind`.
  if (mount.type === 'bind') own.set |= MS_BIND
  return { ...own, recursive, propagation, data, ...more }
}

/** Own properties only: `constructor` is an option for the file system. */
function lookUp<T>(words: Readonly<Record<string, T>>, word: string): T | undefined {
  return Object.hasOwn(words, word) ? words[word] : undefined
}

function apply(flags: Flags, [set, clear]: readonly [number, number]): void {
  flags.set = (flags.set & ~clear) | set
  flags.clear = (flags.clear & ~set) | clear
}

const attributes: readonly [flag: number, attribute: number][] = [
  [MS_RDONLY, MOUNT_ATTR_RDONLY],
  [MS_NOSUID, MOUNT_ATTR_NOSUID],
  [MS_NODEV, MOUNT_ATTR_NODEV],
  [MS_NOEXEC, MOUNT_ATTR_NOEXEC],
  [MS_NODIRATIME, MOUNT_ATTR_NODIRATIME],
  [MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW],
]

/** The same wishes for mount_setattr(2). Flags of the file system are left out: a bind mount shares its file system. */
export function mountAttributesOf({ set, clear }: Flags): Flags {
  const result: Flags = { set: 0, clear: 0 }
  for (const [flag, attribute] of attributes) {
    if (set & flag) result.set |= attribute
    if (clear & flag) result.clear |= attribute
  }
  if (set & MS_NOATIME) result.set |= MOUNT_ATTR_NOATIME
  if (set & MS_STRICTATIME) result.set |= MOUNT_ATTR_STRICTATIME
  // The field changes as a whole or not at all (EINVAL); cleared, it says relatime, the kernel's default.
  if (set & atime || clear & (MS_NOATIME | MS_STRICTATIME)) result.clear |= MOUNT_ATTR__ATIME
  return result
}
