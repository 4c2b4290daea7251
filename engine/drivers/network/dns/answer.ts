// What is said to a query, as far as it can be said without asking anybody: a pure
// function from bytes to bytes, for any bytes.
//
//   known name, A or AAAA     its addresses, in a new order each time
//   known name, other types   NOERROR and no answer. Not NXDOMAIN: a resolver that hears
//                             "no such name" for AAAA may stop asking for A
//   known address, PTR        `name.network`
//   anything else             is for the servers of the world outside
//
// Docker forwards other types of known names, so the names of its containers are told
// outside, and the answer there is NXDOMAIN: in that one point we differ.
//
// Called by name-server.ts. Next: engine/drivers/network/dns/forward.ts

import { isIPv4 } from 'node:net'
import type { Answer } from 'dns-packet'
import { type Query, readQuery, writeReply } from './message.ts'

/** What one container gets to know: a Zone, as seen by it. */
export interface View {
  /** IPv4 and IPv6; undefined when nobody is called so. */
  addresses(name: string): string[] | undefined
  /** `web.front` for `2.0.1.10.in-addr.arpa`. */
  pointer(name: string): string | undefined
  /** Somebody asked for `ndots`: names without a dot are then for the search list, not for the world. */
  ndotsSet(): boolean
}

export type Reaction =
  | { do: 'reply'; packet: Buffer }
  | { do: 'forward'; query: Query }
  /** It was no query. */
  | { do: 'ignore' }

/** Seconds: Docker's. */
const ttl = 600

/** @param limit how long an answer may get, in bytes, for this query */
export function react(packet: Buffer, view: View, limit: (query: Query) => number): Reaction {
  const query = readQuery(packet)
  if (query === undefined) return { do: 'ignore' }
  if ('refuse' in query) return { do: 'reply', packet: query.packet }
  if (query.opcode !== 'QUERY') return { do: 'reply', packet: writeReply(query, 'NOTIMP', [], 512) }
  // RFC 6891, 6.1.3: told apart from an error in the query itself.
  if (query.edns !== undefined && query.edns.version !== 0)
    return { do: 'reply', packet: writeReply(query, 'BADVERS', [], 512) }
  const answers = answersOf(query, view)
  if (answers === undefined) return { do: 'forward', query }
  return { do: 'reply', packet: writeReply(query, 'NOERROR', answers, limit(query)) }
}

/** @returns undefined: we do not know, others may */
function answersOf({ name, type, class: klass }: Query, view: View): Answer[] | undefined {
  if (name === undefined || klass !== 'IN') return undefined
  if (type === 'PTR') {
    const host = view.pointer(name)
    if (host !== undefined) return canBeSaid(host) ? [{ type: 'PTR', name, ttl, data: host }] : []
  }
  const addresses = view.addresses(name)
  if (addresses !== undefined) {
    const records = addresses.map((data): Answer => ({ type: isIPv4(data) ? 'A' : 'AAAA', name, ttl, data }))
    return shuffled(records.filter((record) => type === 'ANY' || record.type === type))
  }
  const dotless = !name.includes('.') && name !== '.'
  if (view.ndotsSet() && dotless && (type === 'A' || type === 'AAAA')) return []
  return undefined
}

/** A container's name may be longer than a label (63 bytes) or a name (255, with lengths and an end). */
function canBeSaid(host: string): boolean {
  return Buffer.byteLength(host) <= 253 && host.split('.').every((label) => Buffer.byteLength(label) <= 63)
}

/** Fisher and Yates: every order is as likely, so that each container gets its share of those who take the first. */
function shuffled<T>(list: readonly T[]): T[] {
  const all = [...list]
  for (let last = all.length - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1))
    const [one, two] = [all[last], all[other]]
    if (one !== undefined && two !== undefined) [all[last], all[other]] = [two, one]
  }
  return all
}
