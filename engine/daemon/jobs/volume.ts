// `docker volume create`, `ls`, `inspect`, `rm`, `prune`.
// Next: engine/daemon/volumes/volume-store.ts
import type { Volume, VolumesPruneReport } from '../../api/volume.ts'
import { EngineError } from '../../errors.ts'
import { booleanFilter, type Filters, filterValues, matchesLabels } from '../../graph/image-filters.ts'
import type { DaemonJob } from '../daemon.ts'
import { treeBytes } from '../tree-bytes.ts'
import type { NewVolume } from '../volumes/volume-store.ts'

export const volumeCreate: DaemonJob<NewVolume, Volume> = {
  name: 'volume-create',
  run({ volumes, events }, wanted) {
    const isThere = wanted.name !== undefined && volumes.has(wanted.name)
    const volume = volumes.create(wanted)
    if (!isThere) events.tell('volume', 'create', volume.Name, { driver: volume.Driver })
    return volume
  },
}

export const volumeList: DaemonJob<{ filters: Filters }, Volume[]> = {
  name: 'volume-list',
  run({ volumes }, { filters }) {
    const dangling = booleanFilter(filters, 'dangling')
    const [names, drivers] = [filterValues(filters, 'name'), filterValues(filters, 'driver')]
    return volumes
      .list()
      .filter(
        ({ Name, Driver, Labels }) =>
          (names.length === 0 || names.some((part) => Name.includes(part))) &&
          (drivers.length === 0 || drivers.includes(Driver)) &&
          matchesLabels(filters, Labels ?? {}) &&
          (dangling === undefined || (volumes.users(Name).length === 0) === dangling),
      )
  },
}

export const volumeInspect: DaemonJob<{ volume: string }, Volume> = {
  name: 'volume-inspect',
  run: ({ volumes }, { volume }) => volumes.get(volume),
}

export const volumeRemove: DaemonJob<{ volume: string; force: boolean }, void> = {
  name: 'volume-remove',
  async run({ volumes, events }, { volume, force }) {
    try {
      await volumes.remove(volume)
    } catch (error) {
      // With force, one that is not there is as good as gone.
      if (force && error instanceof EngineError && error.kind === 'not-found') return
      throw error
    }
    events.tell('volume', 'destroy', volume, { driver: 'local' })
  },
}

/** Anonymous ones, and with the filter `all` those with names, too. */
export const volumePrune: DaemonJob<{ filters: Filters }, VolumesPruneReport> = {
  name: 'volume-prune',
  async run({ volumes, events }, { filters }) {
    const all = booleanFilter(filters, 'all') ?? false
    const gone: string[] = []
    let bytes = 0
    for (const { Name, Labels, Mountpoint } of volumes.list()) {
      if (!volumes.has(Name) || volumes.users(Name).length > 0) continue
      if (!matchesLabels(filters, Labels ?? {}) || !(all || volumes.isAnonymous(Name))) continue
      const size = await treeBytes(Mountpoint)
      try {
        await volumes.remove(Name)
      } catch (error) {
        // Somebody has taken it into use since, or removed it.
        if (error instanceof EngineError && ['conflict', 'not-found'].includes(error.kind)) continue
        throw error
      }
      bytes += size
      gone.push(Name)
    }
    events.tell('volume', 'prune', '', { reclaimed: String(bytes) })
    return { VolumesDeleted: gone.length === 0 ? null : gone, SpaceReclaimed: bytes }
  },
}
