// The tables of `tocker system df`. Pure.
import type { ContainerSummary } from '../../api/container.ts'
import type { ImageSummary } from '../../api/image.ts'
import type { Volume } from '../../api/volume.ts'
import { containerRows } from './container-list.ts'
import { imageRows } from './image-list.ts'
import { formatRows, type Listing, type Row } from './rows.ts'
import { humanSize } from './size.ts'

export interface DiskUsage {
  /** Bytes of all layers, each counted once. */
  LayersSize: number
  /** With SharedSize and Containers counted. */
  Images: ImageSummary[]
  /** With SizeRw. */
  Containers: ContainerSummary[]
  /** With UsageData. */
  Volumes: Volume[]
  BuildCache: { Size: number; InUse: boolean; Shared: boolean }[]
}

export const usageListing: Listing = {
  headers: {
    Type: 'TYPE',
    TotalCount: 'TOTAL',
    Active: 'ACTIVE',
    Size: 'SIZE',
    Reclaimable: 'RECLAIMABLE',
  },
  table: String.raw`{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}`,
  quiet: 'Type',
}

export function usageRows({ LayersSize, Images, Containers, Volumes, BuildCache }: DiskUsage): Row[] {
  const used = Images.filter((image) => image.Containers > 0)
  // What images in use have for themselves stays; of shared layers nobody can say whose they are.
  const kept = used.reduce((sum, { Size, SharedSize }) => sum + Size - Math.max(SharedSize, 0), 0)
  const running = Containers.filter(({ State }) => State === 'running')
  const written = sum(Containers)
  return [
    usageRow('Images', Images.length, used.length, LayersSize, Math.max(LayersSize - kept, 0)),
    usageRow('Containers', Containers.length, running.length, written, written - sum(running)),
    volumesRow(Volumes),
    cacheRow(BuildCache),
  ]
}

function volumesRow(volumes: DiskUsage['Volumes']): Row {
  const mounted = volumes.filter(({ UsageData }) => (UsageData?.RefCount ?? 0) > 0)
  const bytes = (some: readonly Volume[]): number =>
    some.reduce((total, { UsageData }) => total + Math.max(UsageData?.Size ?? 0, 0), 0)
  return usageRow(
    'Local Volumes',
    volumes.length,
    mounted.length,
    bytes(volumes),
    bytes(volumes) - bytes(mounted),
  )
}

/** Without a share of it, as Docker's client has it. */
function cacheRow(cache: DiskUsage['BuildCache']): Row {
  const bytes = (some: DiskUsage['BuildCache']): number => some.reduce((total, { Size }) => total + Size, 0)
  const own = cache.filter(({ Shared }) => !Shared)
  const used = own.filter(({ InUse }) => InUse)
  const row = usageRow('Build Cache', cache.length, used.length, bytes(own), 0)
  return { ...row, Reclaimable: humanSize(bytes(own) - bytes(used)) }
}

function sum(containers: readonly ContainerSummary[]): number {
  return containers.reduce((total, { SizeRw = 0 }) => total + SizeRw, 0)
}

function usageRow(type: string, total: number, active: number, size: number, free: number): Row {
  const part = size > 0 ? ` (${Math.floor((free / size) * 100)}%)` : ''
  return {
    Type: type,
    TotalCount: String(total),
    Active: String(active),
    Size: humanSize(size),
    Reclaimable: `${humanSize(free)}${part}`,
  }
}

/** `-v`: each image, each container and each volume. */
export function verboseUsage({ Images, Containers, Volumes, BuildCache }: DiskUsage, now?: Date): string {
  const options = { noTrunc: false, ...(now ? { now } : {}) }
  const images = imageRows(Images, { ...options, digests: false })
  const containers = containerRows(Containers, options)
  const volumes = Volumes.map(({ Name, UsageData }) => ({
    Name,
    Links: String(UsageData?.RefCount ?? 0),
    Size: humanSize(UsageData?.Size ?? 0),
  }))
  return `Images space usage:

${formatRows(imageUsage, images)}
Containers space usage:

${formatRows(containerUsage, containers)}
Local Volumes space usage:

${formatRows(volumeUsage, volumes)}
Build cache usage: ${cacheRow(BuildCache).Size}
`
}

const imageUsage: Listing = {
  headers: {
    Repository: 'REPOSITORY',
    Tag: 'TAG',
    ID: 'IMAGE ID',
    CreatedSince: 'CREATED',
    Size: 'SIZE',
    SharedSize: 'SHARED SIZE',
    UniqueSize: 'UNIQUE SIZE',
    Containers: 'CONTAINERS',
  },
  table: String.raw`{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}\t{{.SharedSize}}\t{{.UniqueSize}}\t{{.Containers}}`,
  quiet: 'ID',
}

const containerUsage: Listing = {
  headers: {
    ID: 'CONTAINER ID',
    Image: 'IMAGE',
    Command: 'COMMAND',
    Size: 'SIZE',
    RunningFor: 'CREATED',
    Status: 'STATUS',
    Names: 'NAMES',
  },
  table: String.raw`{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.Size}}\t{{.RunningFor}}\t{{.Status}}\t{{.Names}}`,
  quiet: 'ID',
}

const volumeUsage: Listing = {
  headers: { Name: 'VOLUME NAME', Links: 'LINKS', Size: 'SIZE' },
  table: String.raw`{{.Name}}\t{{.Links}}\t{{.Size}}`,
  quiet: 'Name',
}
