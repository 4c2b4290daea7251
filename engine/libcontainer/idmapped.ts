// Idmapped mounts: a directory whose owners look different from inside.
//
// A container in a user namespace sees the host's user 1000 as nobody. Chowning a
// shared directory would change it for all; an idmapped mount changes it for those
// who come through that mount (mount_setattr(2), "ID-mapped mounts").
//
// The kernel asks for CAP_SYS_ADMIN where the *file system* was mounted, and for a
// user namespace that says which owner becomes which. init may have neither, so
// the host's half makes the tree and hands it over as a descriptor, in
// MountContext.trees.
//
// So it is with a plain bind mount's source in a directory that is root's alone, as
// /root: root of a user namespace may not pass there, and whoever asked for the mount may.
// It is opened by him, too.
//
// OCI runtime specification, config.md "Mounts": uidMappings, gidMappings, idmap, ridmap.
//
// Next: engine/libcontainer/devices.ts
import { closeSync, openSync, readlinkSync } from 'node:fs'
import { EngineError } from '../errors.ts'
import { command } from '../syscalls/command.ts'
import { writeKernelFile } from '../syscalls/file.ts'
import { MOUNT_ATTR_IDMAP, MS_BIND, MS_REC, MS_REMOUNT, MS_SLAVE } from '../syscalls/flags.ts'
import { cloneTree, mountSetattr } from '../syscalls/mount.ts'
import type { IdMapping, Linux, Mount } from './config/linux.ts'
import { parseMountOptions } from './mount-options.ts'
import { has } from './namespaces.ts'

/**
 * Opens the sources of all idmapped mounts, and for a user namespace of all bind mounts. Runs on
 * the host's side; init must inherit the descriptors, and whoever called closes them.
 * @param source where a mount's source is, absolutely
 * @returns descriptors by index in `mounts`
 */
export function openMountTrees(
  mounts: readonly Mount[],
  linux: Linux,
  source: (mount: Mount) => string,
): Record<number, number> {
  const trees: Record<number, number> = {}
  // A user's own runtime may pass no more than its container.
  const crosses = process.geteuid?.() === 0 && has(linux.namespaces ?? [], 'user')
  try {
    for (const [index, entry] of mounts.entries()) {
      const { idmap } = parseMountOptions(entry)
      if (!idmap && !(crosses && isBind(entry))) continue
      try {
        trees[index] = idmap ? openMapped(entry, linux, source(entry)) : openPlain(entry, source(entry))
      } catch (cause) {
        const what = idmap ? 'map the owners of' : 'mount'
        throw new EngineError('invalid', `$.mounts[${index}]: ${what} ${entry.source}`, { cause })
      }
    }
    return trees
  } catch (error) {
    for (const fd of Object.values(trees)) closeSync(fd)
    throw error
  }
}

function isBind(entry: Mount): boolean {
  const { set } = parseMountOptions(entry)
  return (set & MS_BIND) !== 0 && (set & MS_REMOUNT) === 0 && entry.source !== undefined
}

function openPlain(entry: Mount, source: string): number {
  const tree = cloneTree(source, (parseMountOptions(entry).set & MS_REC) !== 0)
  try {
    // Still the host's own mount: what the container mounts below it must not appear there.
    mountSetattr(tree, { propagation: MS_SLAVE }, true)
    return tree
  } catch (error) {
    closeSync(tree)
    throw error
  }
}

function openMapped(entry: Mount, linux: Linux, source: string): number {
  const namespace = openMapping(entry, linux)
  try {
    const tree = openPlain(entry, source)
    try {
      const recursive = parseMountOptions(entry).idmap === 'ridmap'
      mountSetattr(tree, { set: MOUNT_ATTR_IDMAP, userNamespace: namespace }, recursive)
      return tree
    } catch (error) {
      closeSync(tree)
      throw error
    }
  } finally {
    closeSync(namespace)
  }
}

/** The user namespace with a mount's own mappings; left out, the container's. */
function openMapping(entry: Mount, linux: Linux): number {
  const own = entry.uidMappings?.length ? entry : undefined
  const joined = linux.namespaces?.find(({ type }) => type === 'user')?.path
  if (!own && joined) return openSync(joined, 'r')
  const { uidMappings = [], gidMappings = [] } = own ?? linux
  if (uidMappings.length === 0 || gidMappings.length === 0)
    throw new EngineError('invalid', 'it has no uidMappings and gidMappings, and the container none either')
  return openUserNamespace(uidMappings, gidMappings)
}

const patience = 5000

/** A user namespace lives in a process; this one only sleeps, and is ended once we hold the namespace open. */
function openUserNamespace(uidMappings: readonly IdMapping[], gidMappings: readonly IdMapping[]): number {
  const pid = Number(command('sh', '-c', 'unshare --user sleep 60 >/dev/null 2>&1 </dev/null & echo $!'))
  try {
    const ours = readlinkSync('/proc/self/ns/user')
    const pause = new Int32Array(new SharedArrayBuffer(4))
    // Until unshare(1) has done what its name says.
    for (let waited = 0; readlinkSync(`/proc/${pid}/ns/user`) === ours; waited++) {
      if (waited === patience)
        throw new EngineError('unavailable', 'make a user namespace: it takes too long')
      Atomics.wait(pause, 0, 0, 1)
    }
    writeKernelFile(`/proc/${pid}/uid_map`, lines(uidMappings))
    writeKernelFile(`/proc/${pid}/gid_map`, lines(gidMappings))
    return openSync(`/proc/${pid}/ns/user`, 'r')
  } finally {
    process.kill(pid, 'SIGKILL')
  }
}

function lines(mappings: readonly IdMapping[]): string {
  return mappings.map(({ containerID, hostID, size }) => `${containerID} ${hostID} ${size}\n`).join('')
}
