// The cgroup of a container: where it is, and which version's it is.
//
// Called by create.ts, before there is one, and by every other command with the
// paths that create.ts saved in state.json.
//
// Next: engine/libcontainer/cgroups/hierarchy.ts
import { accessSync, constants, existsSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { EngineError } from '../../errors.ts'
import type { ProcessIdentity } from '../process-identity.ts'
import type { RuntimeState } from '../state.ts'
import type { Cgroup, CgroupOptions } from './cgroup.ts'
import { type Hierarchies, hierarchies, ownCgroup, versionOf } from './hierarchy.ts'
import { NoCgroup } from './none.ts'
import { refuseSystemd, resolveCgroupsPath } from './path.ts'
import { CgroupV1 } from './v1.ts'
import { CgroupV2 } from './v2.ts'

/**
 * The cgroup that `linux.cgroupsPath` names, not made yet.
 * @throws EngineError `invalid` for a path that cannot be one, `unavailable` where no hierarchy is mounted
 */
export function openCgroup(cgroupsPath: string | undefined, id: string, options: CgroupOptions): Cgroup {
  const { warn = () => {} } = options
  if (options.systemd) refuseSystemd(cgroupsPath, existsSync('/run/systemd/system'))
  const path = resolveCgroupsPath(cgroupsPath, id)
  const found = hierarchies()
  const version = versionOf(found)
  if (version === undefined) {
    const reason = 'no cgroup hierarchy with controllers is mounted here (see /proc/self/mountinfo)'
    if (!options.rootless) throw new EngineError('unavailable', reason)
    return new NoCgroup(reason, warn)
  }
  if (version === 2) {
    const place = options.rootless ? delegated(found.v2 ?? '', cgroupsPath, path) : join(found.v2 ?? '', path)
    return place === undefined
      ? new NoCgroup('none was delegated to this user (see /proc/self/cgroup)', warn)
      : new CgroupV2(place, warn)
  }
  const paths = pathsV1(found, path, options.rootless)
  return Object.keys(paths).length === 0
    ? new NoCgroup('no cgroup v1 hierarchy is writable for this user', warn)
    : new CgroupV1(paths, warn)
}

/** The cgroup whose `paths` were saved. @param init the container's first process: who is in there, where there is no cgroup */
export function fromPaths(
  saved: Readonly<Record<string, string>>,
  warn: (line: string) => void = () => {},
  init?: ProcessIdentity,
): Cgroup {
  const names = Object.keys(saved)
  if (names.length === 0) return new NoCgroup('it was created without', warn, init)
  const { '': unified } = saved
  return names.length === 1 && unified !== undefined ? new CgroupV2(unified, warn) : new CgroupV1(saved, warn)
}

/** The cgroup of a container, by its record. */
export function cgroupOf(state: Pick<RuntimeState, 'cgroupPaths' | 'init'>): Cgroup {
  return fromPaths(state.cgroupPaths, () => {}, state.init)
}

/**
 * Rootless, v2: someone with root, systemd mostly, gave a cgroup to this user
 * ("Delegation" in cgroup-v2.rst). We are in it, or in a child of it: then a
 * neighbour of our own cgroup is better than a child, since ours has processes,
 * and could not hand a controller down.
 */
function delegated(root: string, cgroupsPath: string | undefined, path: string): string | undefined {
  if (cgroupsPath?.startsWith('/')) {
    const place = join(root, path)
    return isOurs(nearestThere(place)) ? place : undefined
  }
  const own = ownCgroup()
  const base = [posix.dirname(own), own].map((one) => join(root, one)).find(isOurs)
  return base === undefined ? undefined : join(base, path)
}

function pathsV1({ v1, v2 }: Hierarchies, path: string, rootless: boolean): Record<string, string> {
  const all = Object.entries({ ...v1, ...(v2 === undefined ? {} : { '': v2 }) }).map(
    ([controller, mountPoint]): [string, string] => [controller, join(mountPoint, path)],
  )
  // v1 knows no delegation, but directories can be given away one by one.
  return Object.fromEntries(rootless ? all.filter(([, one]) => isOurs(nearestThere(one))) : all)
}

function nearestThere(path: string): string {
  return existsSync(path) || path === '/' ? path : nearestThere(dirname(path))
}

/** To make a cgroup takes the right to write the directory; to move a process, cgroup.procs of both ends' common parent. */
function isOurs(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    accessSync(join(path, 'cgroup.procs'), constants.W_OK)
    return true
  } catch {
    return false
  }
}
