// What `linux.cgroupsPath` of config.json means. Pure.
//
// config-linux.md, "Cgroups Path", leaves it to the runtime:
//
//   /a/b            absolute: from the root of each hierarchy, as runc has it
//   a/b             relative: below /tocker. runc takes its own cgroup, which is
//                   another one for each shell it is called from; here two callers
//                   who say the same mean the same
//   left out, ""    /tocker/<id>
//   slice:prefix:name   with --systemd-cgroup: systemd's to make, by D-Bus
//
// Called by open.ts. Next: engine/libcontainer/cgroups/setting.ts
import { posix } from 'node:path'
import { EngineError } from '../../errors.ts'

const asked = '$.linux.cgroupsPath'

/** Above the cgroups that nobody chose a place for. Goes with the last of them. */
export const defaultParent = '/tocker'

/**
 * @returns the path from the root of the hierarchy: absolute, without `..`, not the root
 * @throws EngineError `invalid`
 */
export function resolveCgroupsPath(cgroupsPath: string | undefined, id: string): string {
  const path = cgroupsPath ? cgroupsPath : id
  const absolute = path.startsWith('/') ? path : `${defaultParent}/${path}`
  // From "/" no ".." leads any further up, so nothing gets out of the hierarchy.
  const clean = posix.normalize(absolute).replace(/(.)\/$/, '$1')
  // Whoever removes a container ends everybody in its cgroup: here, the whole machine.
  if (clean === '/') throw new EngineError('invalid', `${asked}: it is the root of the hierarchy`)
  if (clean === defaultParent) throw new EngineError('invalid', `${asked}: ${clean} is where all others are`)
  return clean
}

/**
 * `--systemd-cgroup`: units of systemd, whose cgroups nobody else may touch.
 * @param booted whether systemd runs here, sd_booted(3): /run/systemd/system is a directory
 * @throws EngineError always, with what to do instead
 */
export function refuseSystemd(cgroupsPath: string | undefined, booted: boolean): never {
  if (!booted)
    throw new EngineError(
      'unavailable',
      '--systemd-cgroup: systemd does not run on this host (there is no /run/systemd/system): leave the option out',
    )
  if (cgroupsPath && !/^[^:/]*:[^:/]*:[^:/]+$/.test(cgroupsPath))
    throw new EngineError(
      'invalid',
      `${asked}: with --systemd-cgroup it is slice:prefix:name, as system.slice:tocker:box, and not ${JSON.stringify(cgroupsPath)}`,
    )
  throw new EngineError(
    'unavailable',
    '--systemd-cgroup: cgroups of systemd are unsupported, this runtime makes its own: leave the option out, or have the manager do so ' +
      '(podman --cgroup-manager=cgroupfs, dockerd --exec-opt native.cgroupdriver=cgroupfs, SystemdCgroup = false of containerd)',
  )
}
