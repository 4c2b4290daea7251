// Rows of networks and endpoints that cannot be read as a whole: a hand in the database, half
// a disk, a newer tockerd. What of them can be read is taken; for the rest stands what a
// network has that says nothing. So they are seen, they can be removed, and what runs on
// them goes on, but nobody new comes: see Networks.checkWhole().
//
// The networks that are always there are made anew from the settings instead.
//
// Called by networks.ts.
import * as z from 'zod/mini'
import type { EndpointRow, NetworkRow } from '../../graph/tables/networks.ts'
import {
  decodeEndpoint,
  decodeNetwork,
  type EndpointRecord,
  emptyNetwork,
  endpointSchema,
  type NetworkRecord,
  networkSchema,
  vethOf,
} from './record.ts'

export function salvageNetwork({ id, name, record }: NetworkRow): NetworkRecord {
  const bridge = `br-${id.slice(0, 12)}`
  const found = { ...emptyNetwork(name, 'bridge'), bridge, ...readable(networkSchema.shape, record) }
  const network: NetworkRecord = { ...found, version: 1, id, name }
  try {
    return decodeNetwork(JSON.stringify(network))
  } catch {
    return { ...network, pools: [] }
  }
}

export function salvageEndpoint({ record, ...row }: EndpointRow): EndpointRecord {
  const found = {
    ...{ veth: vethOf(row.id), interface: '', mac: '', gateway: false, published: [] },
    ...readable(endpointSchema.shape, record),
  }
  return decodeEndpoint({ ...row, record: JSON.stringify({ ...found, version: 1 }) })
}

/** The fields that are as they have to be. */
function readable(shape: Readonly<Record<string, z.ZodMiniType>>, text: string): object {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return {}
  }
  const fields = z.record(z.string(), z.unknown()).safeParse(value)
  if (!fields.success) return {}
  return Object.fromEntries(
    Object.entries(shape).flatMap(([name, schema]) => {
      const field = schema.safeParse(fields.data[name])
      return field.success ? [[name, field.data]] : []
    }),
  )
}
