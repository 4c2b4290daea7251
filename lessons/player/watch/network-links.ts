// Reads what `ip -j -d -s` says of one network namespace: a line of JSON about
// its interfaces, and one about its routes.
//
// Of some 80 things that ip tells of an interface, a dozen are wanted.
//
// Next: lessons/player/watch/nat-rules.ts
import { z } from 'zod'
import { printable } from './frames.ts'
import type { NetworkInterface, NetworkRoute } from './network-sample.ts'

const counter = z.object({ bytes: z.number(), packets: z.number() })
const text = z.string().transform(printable)
const links = z.array(
  z.object({
    ifindex: z.number(),
    ifname: text,
    flags: z.array(z.string()),
    operstate: z.string(),
    link_type: z.string(),
    master: text.optional(),
    ifalias: text.optional(),
    /** The other end of a veth: its name where it lies in the same namespace, its index where it does not. */
    link: text.optional(),
    link_index: z.number().optional(),
    link_netnsid: z.number().optional(),
    linkinfo: z.object({ info_kind: z.string().optional() }).optional(),
    addr_info: z
      .array(
        z.object({
          local: z.string().optional(),
          prefixlen: z.number().optional(),
          scope: z.string().optional(),
        }),
      )
      .default([]),
    stats64: z.object({ rx: counter, tx: counter }).optional(),
  }),
)
const routes = z.array(
  z.object({ dst: z.string(), gateway: z.string().optional(), dev: z.string().optional() }),
)

/** Undefined where ip said nothing, or was cut off: the namespace is gone. */
export function readSpace(
  said: string,
): { interfaces: NetworkInterface[]; routes: NetworkRoute[] } | undefined {
  const [first = '', second = '[]'] = said.split('\n').filter((line) => line.startsWith('['))
  const [found, ways] = [links.safeParse(json(first)), routes.safeParse(json(second))]
  if (!found.success || !ways.success) return undefined
  const indexOf = (name: string): number | undefined =>
    found.data.find(({ ifname }) => ifname === name)?.ifindex
  return {
    interfaces: found.data.map((one): NetworkInterface => {
      const kind = one.linkinfo?.info_kind ?? (one.link_type === 'loopback' ? 'loopback' : 'device')
      const index = one.link === undefined ? one.link_index : indexOf(one.link)
      const { link_netnsid: netnsid, stats64 } = one
      const nothing = { bytes: 0, packets: 0 }
      return {
        index: one.ifindex,
        name: one.ifname,
        kind,
        state: one.operstate,
        up: one.flags.includes('UP'),
        ...(one.master === undefined ? {} : { master: one.master }),
        ...(one.ifalias === undefined ? {} : { label: one.ifalias }),
        addresses: one.addr_info.flatMap(({ local, prefixlen, scope }) =>
          local === undefined || scope === 'link' ? [] : [`${local}/${prefixlen}`],
        ),
        ...(kind === 'veth' && index !== undefined
          ? { peer: { index, ...(netnsid === undefined ? {} : { netnsid }) } }
          : {}),
        received: stats64?.rx ?? nothing,
        sent: stats64?.tx ?? nothing,
      }
    }),
    routes: ways.data.map(
      ({ dst, gateway, dev = '' }): NetworkRoute => ({
        to: dst,
        ...(gateway === undefined ? {} : { via: gateway }),
        device: printable(dev),
      }),
    ),
  }
}

function json(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
