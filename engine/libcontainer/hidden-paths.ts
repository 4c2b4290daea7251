// What no namespace divides, and a container must not see or change: /proc/kcore
// is the memory of the whole machine, /proc/sysrq-trigger restarts it.
//
// Runs in init after enterRootfs(), and after writeSysctls(), which writes below
// /proc/sys. OCI runtime specification, config-linux.md "Masked Paths", "Readonly
// Paths".
//
// Next: engine/libcontainer/sysctl.ts
import { closeSync, fstatSync } from 'node:fs'
import { EngineError, SyscallError } from '../errors.ts'
import { MOUNT_ATTR_RDONLY } from '../syscalls/flags.ts'
import { cloneTree, mountSetattr, moveMount, newTree } from '../syscalls/mount.ts'
import { makedev } from '../syscalls/open.ts'
import { type Resolved, resolveInRoot } from './resolve.ts'

/** Puts /dev/null over masked files and nothing over masked directories, and binds the others read-only onto themselves. What is not there needs no hiding. */
export function hidePaths(masked: readonly string[], readonly: readonly string[]): void {
  for (const path of masked) each('maskedPaths', path, mask)
  for (const path of readonly) each('readonlyPaths', path, makeReadonly)
}

function each(list: string, path: string, work: (target: Resolved, path: string) => void): void {
  try {
    using target = find(path)
    if (target) work(target, path)
  } catch (cause) {
    throw new EngineError('internal', `$.linux.${list}: hide ${path}`, { cause })
  }
}

/** Undefined when there is no such path. Only this may fail unheard: a missing /dev/null would leave all in sight. */
function find(path: string): Resolved | undefined {
  try {
    return resolveInRoot('/', path, { create: false })
  } catch (error) {
    if (error instanceof SyscallError && ['ENOENT', 'ENOTDIR'].includes(error.code)) return undefined
    throw error
  }
}

function mask(target: Resolved, path: string): void {
  // By its path, a directory that somebody moves meanwhile would be covered where it is not.
  const tree = fstatSync(target.fd).isDirectory() ? newTree('tmpfs') : cloneNull()
  try {
    moveMount(tree, target.fd, path)
  } finally {
    closeSync(tree)
  }
}

/**
 * An image's /dev/null may be a link to the very file that is to be hidden, which would then
 * be there to write (CVE-2025-31133). So what was opened is looked at, and not the path.
 */
function cloneNull(): number {
  const tree = cloneTree('/dev/null', false)
  const info = fstatSync(tree)
  if (info.isCharacterDevice() && info.rdev === makedev(1, 3)) return tree
  closeSync(tree)
  throw new EngineError('forbidden', '/dev/null of the container is not the device 1:3')
}

/** As for any bind mount: first read-only, then in its place; it keeps nosuid, nodev and noexec of what it covers. */
function makeReadonly(target: Resolved, path: string): void {
  const tree = cloneTree(target.fd, true)
  try {
    mountSetattr(tree, { set: MOUNT_ATTR_RDONLY })
    moveMount(tree, target.fd, path)
  } finally {
    closeSync(tree)
  }
}
