// /sys/fs/cgroup as the container sees it: its own cgroup as the root of all.
//
// cgroup v2 is one file system. cgroup v1 is one for each controller, and by
// convention they lie side by side in a tmpfs:
//
//   /sys/fs/cgroup           tmpfs
//     memory                 cgroup, options `memory`
//     cpu,cpuacct            cgroup, options `cpu,cpuacct`
//     cpu -> cpu,cpuacct     for programs that ask for one of them
//
// A new mount shows the cgroup namespace of whoever mounts it. Without such a
// namespace the container's own directory is bound in its place.
// OCI runtime specification, config-linux.md "Cgroup ownership", config.md "Mounts".
//
// Next: engine/libcontainer/tmpcopyup.ts
import { closeSync, symlinkSync } from 'node:fs'
import { SyscallError } from '../errors.ts'
import {
  MOUNT_ATTR_RDONLY,
  MS_BIND,
  MS_NODEV,
  MS_NOEXEC,
  MS_NOSUID,
  MS_RDONLY,
  MS_REC,
} from '../syscalls/flags.ts'
import { cloneTree, mount, mountSetattr, moveMount } from '../syscalls/mount.ts'
import { bindMount } from './bind-mounts.ts'
import type { CgroupMounts } from './cgroups/cgroup.ts'
import { mountAttributesOf } from './mount-options.ts'
import type { Task } from './mounts.ts'
import { guardProc } from './proc-guard.ts'
import { resolveInRoot } from './resolve.ts'

/** @returns warnings */
export function mountCgroups(task: Task): string[] {
  const { cgroup } = task.context
  if (cgroup.version === 2) return mountUnified(task, cgroup.path)
  mountControllers(task, cgroup)
  return []
}

// #region unified
function mountUnified(task: Task, own: string): string[] {
  const { entry, options, rootfs, context } = task
  try {
    using target = resolveInRoot(rootfs, entry.destination, { create: 'directory' })
    guardProc(target, rootfs)
    const source = entry.source ?? 'cgroup'
    const data = options.data.join(',')
    mount({
      source,
      target: target.path,
      type: 'cgroup2',
      flags: options.set,
      inside: entry.destination,
      ...(data ? { data } : {}),
    })
    return []
  } catch (error) {
    if (!isRefused(error)) throw error
  }
  // #endregion unified
  // A user namespace may mount cgroup2 only where the cgroup namespace is its own too.
  // MS_REC: what the host has mounted below must not come to light (EINVAL without).
  const bind = (source: string): string[] =>
    bindMount({
      ...task,
      entry: { ...entry, source },
      options: { ...options, set: options.set | MS_BIND | MS_REC, data: [] },
    })
  try {
    return bind(context.cgroupNamespace ? own : '/sys/fs/cgroup')
  } catch (error) {
    if (!(error instanceof SyscallError && error.code === 'ENOENT' && context.userNamespace)) throw error
    // A user's container may have no cgroup. It must not find the host's in its place, read-only or not.
    using target = resolveInRoot(rootfs, entry.destination, { create: 'directory' })
    mount({ source: 'tmpfs', target: target.path, type: 'tmpfs', flags: MS_RDONLY })
    return ['there is no cgroup to show: it is empty']
  }
}

const strict = MS_NOSUID | MS_NODEV | MS_NOEXEC

function mountControllers(
  { entry, options, rootfs, context }: Task,
  { controllers, links }: CgroupMounts & { version: 1 },
): void {
  const place = (name: string) =>
    resolveInRoot(rootfs, `${entry.destination}/${name}`, { create: 'directory' })
  {
    using target = place('')
    guardProc(target, rootfs)
    mount({ source: 'tmpfs', target: target.path, type: 'tmpfs', flags: strict, data: 'mode=755' })
  }
  const flags = strict | (options.set & MS_RDONLY)
  for (const { name, path, options: data } of controllers) {
    using target = place(name)
    if (!context.cgroupNamespace || !mountController(target.path, data, flags))
      bindController(target.fd, path, flags)
  }
  using top = place('')
  for (const [name, target] of links) symlinkSync(target, `${top.path}/${name}`)
  if (options.set & MS_RDONLY) mountSetattr(top.fd, { set: MOUNT_ATTR_RDONLY })
}

/** A hierarchy that exists already, shown from this cgroup namespace: its options say which. False: it may not be mounted. */
function mountController(target: string, data: string, flags: number): boolean {
  try {
    mount({ source: 'cgroup', target, type: 'cgroup', flags, data })
    return true
  } catch (error) {
    if (!isRefused(error)) throw error
    return false
  }
}

function bindController(target: number, path: string, flags: number): void {
  const tree = cloneTree(path, true)
  try {
    mountSetattr(tree, mountAttributesOf({ set: flags, clear: 0 }))
    moveMount(tree, target)
  } finally {
    closeSync(tree)
  }
}

/** EPERM: not in this user namespace. EBUSY: the hierarchy is mounted with other options. */
function isRefused(error: unknown): boolean {
  return error instanceof SyscallError && (error.code === 'EPERM' || error.code === 'EBUSY')
}
