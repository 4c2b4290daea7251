// Directories and files of the host that are bound into a container, as they are at its
// start: one that is not there is made, and one whose mounts shall travel has to be able to.
//
// Called by launch.ts. Next: engine/daemon/container/identity-files.ts
import { mkdirSync, realpathSync } from 'node:fs'
import type { Owners } from '../../archive/owners.ts'
import { EngineError } from '../../errors.ts'
import { mountAt, readMountinfo } from '../../syscalls/mountinfo.ts'
import type { ContainerRecord, MountPoint } from './record.ts'

/** `-v /not/there:/srv` makes the directory, as Docker does; `--mount` does not. */
export function makeBindSources({ mountPoints, hostConfig }: ContainerRecord, owners?: Owners): void {
  const strict = new Set(
    (hostConfig.Mounts ?? []).filter((one) => !one.BindOptions?.CreateMountpoint).map(({ Target }) => Target),
  )
  for (const { type, source, destination } of mountPoints) {
    if (type !== 'bind' || strict.has(destination)) continue
    try {
      if (mkdirSync(source, { recursive: true }) !== undefined) owners?.give(source)
    } catch (cause) {
      // A file may be bound, too.
      if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') continue
      throw new EngineError('invalid', `error while creating mount source path '${source}'`, { cause })
    }
  }
}

/**
 * A part of a volume, `volume-subpath=logs`: whatever writes into the volume could put a link
 * there that leads out of it, to a directory of the host.
 * @param directory of the volume @returns it without links @throws EngineError `invalid`
 */
export function subpathOf({ source, destination }: MountPoint, directory: string): string {
  let path: string
  try {
    path = realpathSync(source)
  } catch (cause) {
    const subpath = source.slice(directory.length + 1)
    throw new EngineError('invalid', `cannot access path ${subpath} of the volume at ${destination}`, {
      cause,
    })
  }
  const root = realpathSync(directory)
  if (path !== root && !path.startsWith(`${root}/`))
    throw new EngineError('invalid', `${destination}: the subpath leads out of its volume`)
  return path
}

/** Mounts travel over a mount of the host that is shared, and over no other. @throws EngineError, in Docker's words */
export function checkPropagation(points: ContainerRecord['mountPoints']): void {
  for (const { type, source, propagation } of points) {
    const kind = propagation.replace(/^r/, '')
    if (type !== 'bind' || (kind !== 'shared' && kind !== 'slave')) continue
    const mounted = mountAt(realpathSync(source), readMountinfo())
    const is = (word: string): boolean => mounted?.optional.some((one) => one.startsWith(word)) ?? false
    if (is('shared:') || (kind === 'slave' && is('master:'))) continue
    const wanted = kind === 'slave' ? 'shared or slave' : 'shared'
    throw new EngineError(
      'internal',
      `path ${source} is mounted on ${mounted?.where} but it is not a ${wanted} mount`,
    )
  }
}
