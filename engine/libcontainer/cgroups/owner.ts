// Whose a container's cgroup is. Who may write /sys/fs/cgroup in the container, systemd as its
// first process for one, makes cgroups of its own below, and its root is a user of the host
// without any right. So that user gets the directory, and the files in it that the kernel
// calls fit to be given away: who is where, but not how much all of them may have.
//
// cgroup v2 only; v1 knows no such files. OCI runtime specification, config-linux.md "Cgroup
// ownership"; cgroups(7), "Delegating a hierarchy".
//
// Called by create.ts. Next: engine/libcontainer/namespaces.ts
import { chownSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { EngineError, hasCode } from '../../errors.ts'
import type { Config } from '../config/config.ts'
import { isHostRoot } from './hierarchy.ts'

/** For kernels before 4.15, which do not say. */
const known = ['cgroup.procs', 'cgroup.subtree_control', 'cgroup.threads']

/** @param paths of the cgroup, as Cgroup has them */
export function giveCgroup(paths: Readonly<Record<string, string>>, config: Config): void {
  const { '': path, ...others } = paths
  const owner = cgroupOwner(config)
  // What is root's is so already.
  if (path === undefined || Object.keys(others).length > 0 || !owner) return
  for (const file of ['', ...delegated()]) {
    try {
      chownSync(join(path, file), owner, -1)
    } catch (cause) {
      // "Not all files listed necessarily exist in every cgroup." And a user has nothing to give away.
      if (hasCode(cause, 'ENOENT') || !isHostRoot()) continue
      throw new EngineError('forbidden', `give the cgroup ${path} to user ${owner}`, { cause })
    }
  }
}

function delegated(): string[] {
  try {
    return readFileSync('/sys/kernel/cgroup/delegate', 'utf8').split('\n').filter(Boolean)
  } catch {
    return known
  }
}

/**
 * The user who runs the container's process, as the host numbers them. Pure.
 * @returns undefined where the cgroup stays the runtime's: without a cgroup namespace of the
 * container's own and a mount of it that can be written, and where nobody here knows the number
 */
export function cgroupOwner({ process, mounts = [], linux = {} }: Config): number | undefined {
  const { namespaces = [], uidMappings = [] } = linux
  const own = namespaces.some(({ type, path }) => type === 'cgroup' && !path)
  const writable = mounts.some(
    ({ source, destination, options = [] }) =>
      source === 'cgroup' && posix.resolve('/', destination) === '/sys/fs/cgroup' && !options.includes('ro'),
  )
  if (!process || !own || !writable) return undefined
  const { uid } = process.user
  const users = namespaces.find(({ type }) => type === 'user')
  if (!users) return uid
  if (users.path) return undefined
  const map = uidMappings.find(({ containerID, size }) => uid >= containerID && uid < containerID + size)
  return map && map.hostID + uid - map.containerID
}
