// The tables of `tocker network ls` and `tocker volume ls`. Pure.
import type { Network } from '../../api/network.ts'
import type { Volume } from '../../api/volume.ts'
import { goTime } from '../../duration.ts'
import { shortId } from './image-list.ts'
import { labelsOf } from './labels.ts'
import type { Listing, Row } from './rows.ts'

export const networkListing: Listing = {
  headers: {
    ID: 'NETWORK ID',
    Name: 'NAME',
    Driver: 'DRIVER',
    Scope: 'SCOPE',
    IPv4: 'IPV4',
    IPv6: 'IPV6',
    Internal: 'INTERNAL',
    Labels: 'LABELS',
    CreatedAt: 'CREATED AT',
  },
  table: String.raw`{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}`,
  quiet: 'ID',
}

export function networkRows(networks: readonly Network[], noTrunc: boolean): Row[] {
  return networks
    .toSorted((a, b) => a.Name.localeCompare(b.Name))
    .map((network) => ({
      ID: noTrunc ? network.Id : shortId(network.Id),
      Name: network.Name,
      Driver: network.Driver,
      Scope: network.Scope,
      IPv4: String(network.EnableIPv4 ?? true),
      IPv6: String(network.EnableIPv6),
      Internal: String(network.Internal),
      Labels: labelsOf(network.Labels),
      CreatedAt: goTime(new Date(network.Created)),
    }))
}

export const volumeListing: Listing = {
  headers: {
    Driver: 'DRIVER',
    Name: 'VOLUME NAME',
    Scope: 'SCOPE',
    Mountpoint: 'MOUNTPOINT',
    Labels: 'LABELS',
    Links: 'LINKS',
    Size: 'SIZE',
  },
  table: String.raw`{{.Driver}}\t{{.Name}}`,
  quiet: 'Name',
}

export function volumeRows(volumes: readonly Volume[]): Row[] {
  return volumes
    .toSorted((a, b) => a.Name.localeCompare(b.Name))
    .map((volume) => ({
      Driver: volume.Driver,
      Name: volume.Name,
      Scope: volume.Scope,
      Mountpoint: volume.Mountpoint,
      Labels: labelsOf(volume.Labels),
      Links: 'N/A',
      Size: 'N/A',
    }))
}
