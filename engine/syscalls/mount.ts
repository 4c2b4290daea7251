// mount(2) and its kin: calls that change what a path means.
//
// Two generations. mount(2) takes paths and does several things in one call, told
// apart by flags. open_tree(2), mount_setattr(2) and move_mount(2) (Linux 5.2 and
// 5.12) take descriptors, and each does one thing: a mount can be made in no
// directory at all, given its attributes, and only then be put into the tree.
import { closeSync } from 'node:fs'
import {
  MNT_DETACH,
  MOUNT_ATTR_RDONLY,
  MS_PRIVATE,
  MS_SHARED,
  MS_SLAVE,
  MS_UNBINDABLE,
  mountAttributes,
  mountFlags,
  spell,
} from './flags.ts'
import { bytes, call, number, rawSyscall, text } from './libc.ts'

export interface MountCall {
  source?: string
  target: string
  /** File system type; left out for bind mounts and changes of propagation. */
  type?: string
  flags?: number
  /** Options of the file system: `mode=755,size=64k`. */
  data?: string
  /** Which path of the container's `target` stands for, when it is one of /proc/self/fd: for the trace. */
  inside?: string
}

/** mount(2). */
export function mount({ source, target, type, flags = 0, data, inside }: MountCall): void {
  call('mount', 'int mount(const char*, const char*, const char*, ulong, const char*)', [
    text(source ?? null),
    { value: target, shown: standsFor(JSON.stringify(target), inside) },
    text(type ?? null),
    number(flags, spell(flags, mountFlags)),
    text(data ?? null),
  ])
}

/** As `strace -y` shows what a descriptor is: `"/proc/self/fd/21"</dev/pts>`. */
function standsFor(shown: string, inside: string | undefined): string {
  return inside === undefined ? shown : `${shown}<${inside}>`
}

/** umount2(2). With MNT_DETACH the mount leaves the tree at once, and ends when its last user does. */
export function umount2(target: string, flags: number): void {
  call('umount2', 'int umount2(const char*, int)', [
    text(target),
    number(flags, spell(flags, { MNT_DETACH })),
  ])
}

/** pivot_root(2). glibc has no function for it. */
export function pivotRoot(newRoot: string, putOld: string): void {
  rawSyscall('pivot_root', { x64: 155, arm64: 41 }, 'long syscall(long, const char*, const char*)', [
    text(newRoot),
    text(putOld),
  ])
}

/** chroot(2). */
export function chroot(path: string): void {
  call('chroot', 'int chroot(const char*)', [text(path)])
}

/** fchdir(2): into a directory that may have no path any more. */
export function fchdir(fd: number): void {
  call('fchdir', 'int fchdir(int)', [number(fd)])
}

const AT_FDCWD = -100
const AT_EMPTY_PATH = 0x1000
const AT_RECURSIVE = 0x8000
const OPEN_TREE_CLONE = 1
const O_CLOEXEC = 0o2000000

/** Where a tree of mounts is: a path, or a descriptor. */
export type Place = string | number

/**
 * open_tree(2) with OPEN_TREE_CLONE: what MS_BIND would mount, as a descriptor,
 * attached nowhere. Closing the descriptor ends it.
 * @param from a path (its symbolic links are followed) or an O_PATH descriptor
 * @throws SyscallError EINVAL when the mount is unbindable, or hides below it what a user namespace must not see
 */
export function cloneTree(from: Place, recursive: boolean): number {
  const [fd, path, empty] = place(from)
  const flags = OPEN_TREE_CLONE | O_CLOEXEC | empty | (recursive ? AT_RECURSIVE : 0)
  return rawSyscall('open_tree', { x64: 428, arm64: 428 }, 'long syscall(long, int, const char*, uint)', [
    directory(fd),
    text(path),
    number(flags, spell(flags, { OPEN_TREE_CLONE, AT_EMPTY_PATH, AT_RECURSIVE, O_CLOEXEC })),
  ])
}

const FSOPEN_CLOEXEC = 1
const FSCONFIG_SET_FLAG = 0
const FSCONFIG_SET_STRING = 1
const FSCONFIG_CMD_CREATE = 6
const FSMOUNT_CLOEXEC = 1

/**
 * fsopen(2), fsconfig(2), fsmount(2): mount(2) of a new file system in its three steps, but for the last,
 * which is moveMount(). Read-only, and attached nowhere; closing the descriptor ends it.
 */
export function newTree(type: string): number {
  const context = rawSyscall('fsopen', { x64: 430, arm64: 430 }, 'long syscall(long, const char*, uint)', [
    text(type),
    number(FSOPEN_CLOEXEC, 'FSOPEN_CLOEXEC'),
  ])
  const configure = (command: number, name: string, key: string | null, value: string | null): number =>
    rawSyscall(
      'fsconfig',
      { x64: 431, arm64: 431 },
      'long syscall(long, int, uint, const char*, const char*, int)',
      [number(context), number(command, name), text(key), text(value), number(0)],
    )
  try {
    configure(FSCONFIG_SET_FLAG, 'FSCONFIG_SET_FLAG', 'ro', null)
    configure(FSCONFIG_SET_STRING, 'FSCONFIG_SET_STRING', 'source', type)
    configure(FSCONFIG_CMD_CREATE, 'FSCONFIG_CMD_CREATE', null, null)
    return rawSyscall('fsmount', { x64: 432, arm64: 432 }, 'long syscall(long, int, uint, uint)', [
      number(context),
      number(FSMOUNT_CLOEXEC, 'FSMOUNT_CLOEXEC'),
      number(MOUNT_ATTR_RDONLY, 'MOUNT_ATTR_RDONLY'),
    ])
  } finally {
    closeSync(context)
  }
}

const MOVE_MOUNT_F_EMPTY_PATH = 0x4
const MOVE_MOUNT_T_EMPTY_PATH = 0x40

/** move_mount(2): attaches a tree to the directory or file that another descriptor holds. No path is walked, so nobody can redirect it. @param inside which path of the container's it is, for the trace */
export function moveMount(tree: number, target: number, inside?: string): void {
  const flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH
  rawSyscall(
    'move_mount',
    { x64: 429, arm64: 429 },
    'long syscall(long, int, const char*, int, const char*, uint)',
    [
      number(tree),
      text(''),
      number(target, standsFor(String(target), inside)),
      text(''),
      number(flags, spell(flags, { MOVE_MOUNT_F_EMPTY_PATH, MOVE_MOUNT_T_EMPTY_PATH })),
    ],
  )
}

/** MOUNT_ATTR_… to switch on and off, MS_SHARED and its kin, and a user namespace for MOUNT_ATTR_IDMAP. */
export interface MountAttributes {
  set?: number
  clear?: number
  propagation?: number
  userNamespace?: number
}

/**
 * mount_setattr(2): changes what it is told to and leaves the rest, where a
 * MS_REMOUNT would switch off every flag that it is not given.
 * @throws SyscallError EPERM for a flag that is locked (mount_namespaces(7)), EINVAL for what is no mount
 */
export function mountSetattr(at: Place, attributes: MountAttributes, recursive = false): void {
  const { set = 0, clear = 0, propagation = 0, userNamespace = 0 } = attributes
  const [fd, path, empty] = place(at)
  const flags = empty | (recursive ? AT_RECURSIVE : 0)
  const shown = [
    ...(set === 0 ? [] : [`attr_set=${spell(set, mountAttributes)}`]),
    ...(clear === 0 ? [] : [`attr_clr=${spell(clear, mountAttributes)}`]),
    ...(propagation === 0
      ? []
      : [`propagation=${spell(propagation, { MS_UNBINDABLE, MS_PRIVATE, MS_SLAVE, MS_SHARED })}`]),
    ...(userNamespace === 0 ? [] : [`userns_fd=${userNamespace}`]),
  ]
  const attr = new BigUint64Array([set, clear, propagation, userNamespace].map(BigInt))
  rawSyscall(
    'mount_setattr',
    { x64: 442, arm64: 442 },
    'long syscall(long, int, const char*, uint, void*, size_t)',
    [
      directory(fd),
      text(path),
      number(flags, spell(flags, { AT_EMPTY_PATH, AT_RECURSIVE })),
      bytes(new Uint8Array(attr.buffer), `{${shown.join(', ')}}`),
      number(attr.byteLength),
    ],
  )
}

function place(at: Place): [fd: number, path: string, flags: number] {
  return typeof at === 'string' ? [AT_FDCWD, at, 0] : [at, '', AT_EMPTY_PATH]
}

function directory(fd: number) {
  return number(fd, fd === AT_FDCWD ? 'AT_FDCWD' : String(fd))
}
