// The table of `tocker ps`. Pure.
import type { ContainerSummary } from '../../api/container.ts'
import { goTime, timeAgo } from '../../duration.ts'
import { ellipsis } from './ellipsis.ts'
import { shortId } from './image-list.ts'
import { labelsOf } from './labels.ts'
import { portList } from './port-list.ts'
import type { Listing, Row } from './rows.ts'
import { humanSize } from './size.ts'

/** @param size a column more, as `--size` asks for */
export function containerListing(size: boolean): Listing {
  return {
    headers: {
      ID: 'CONTAINER ID',
      Image: 'IMAGE',
      Command: 'COMMAND',
      RunningFor: 'CREATED',
      CreatedAt: 'CREATED AT',
      Status: 'STATUS',
      State: 'STATE',
      Ports: 'PORTS',
      Names: 'NAMES',
      Labels: 'LABELS',
      Mounts: 'MOUNTS',
      LocalVolumes: 'LOCAL VOLUMES',
      Networks: 'NETWORKS',
      Size: 'SIZE',
    },
    table: String.raw`{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}${size ? String.raw`\t{{.Size}}` : ''}`,
    quiet: 'ID',
  }
}

export function containerRows(
  containers: readonly ContainerSummary[],
  { noTrunc, now }: { noTrunc: boolean; now?: Date },
): Row[] {
  return containers.map((container) => {
    const created = new Date(container.Created * 1000)
    const mounts = container.Mounts ?? []
    return {
      ID: noTrunc ? container.Id : shortId(container.Id),
      // An image that has lost its name is its id.
      Image:
        noTrunc || !/^sha256:|^[\da-f]{64}$/.test(container.Image)
          ? container.Image
          : shortId(container.Image),
      Command: `"${noTrunc ? container.Command : ellipsis(container.Command, 20)}"`,
      RunningFor: timeAgo(created, now),
      CreatedAt: goTime(created),
      Status: container.Status,
      State: container.State,
      Ports: portList(container.Ports ?? []),
      Names: container.Names.map((name) => name.replace(/^\//, '')).join(','),
      Labels: labelsOf(container.Labels),
      Mounts: mounts
        .map(({ Name, Source }) => (noTrunc ? Name || Source : ellipsis(Name || Source, 15)))
        .join(','),
      LocalVolumes: String(mounts.filter(({ Driver }) => Driver === 'local').length),
      Networks: Object.keys(container.NetworkSettings?.Networks ?? {}).join(','),
      Size: sizes(container),
    }
  })
}

/** `1.2MB (virtual 5.5MB)`: its own, and with the image's. */
function sizes({ SizeRw = 0, SizeRootFs = 0 }: ContainerSummary): string {
  const own = humanSize(SizeRw, 3)
  return SizeRootFs > 0 ? `${own} (virtual ${humanSize(SizeRootFs, 3)})` : own
}
