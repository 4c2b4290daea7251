// How far a packet of a container gets, by what the kernel says: its loopback, its
// cable, the bridge, the host that passes it on, the rule that gives it another
// sender. The first thing that is missing is where it ends.
//
// Filter rules may still drop it: they are not read.
//
// Pure. Next: lessons/player/watch/network-picture.ts
import { isWithin } from './address-range.ts'
import { type Cable, type CableEnd, isLive } from './network-cables.ts'
import type {
  Masquerade,
  NetworkInterface,
  NetworkRoute,
  NetworkSample,
  NetworkSpace,
} from './network-sample.ts'

/**
 * Where the way of a packet ends:
 * `nowhere` (not even lo is up), `itself` (there is nothing but lo), `unplugged` (a
 * cable that is not up at both ends), `nameless` (no address), `neighbours` (no
 * default route), `lost` (nobody is the gateway), `stopped` (the gateway does not
 * forward, or has no way on), `unmasked` (outside, with an address to which
 * nobody out there knows a way), `outside`.
 */
export type Reach =
  | 'nowhere'
  | 'itself'
  | 'unplugged'
  | 'nameless'
  | 'neighbours'
  | 'lost'
  | 'stopped'
  | 'unmasked'
  | 'outside'

export interface Way {
  reach: Reach
  /** Its own interface on that way. */
  by?: NetworkInterface
  /** The cable that this is an end of. */
  cable?: Cable
  /** What the cable's other end is a port of. */
  bridge?: NetworkInterface
  /** Address of the gateway. */
  gateway?: string
  /** The namespace whose address that is, and the interface there by which packets go on. */
  router?: NetworkSpace
  out?: string
  /** The address that it is given for that. */
  as?: string
}

export function wayOf(space: NetworkSpace, sample: NetworkSample, cables: readonly Cable[]): Way {
  const others = space.interfaces.filter(({ kind, master }) => kind !== 'loopback' && master === undefined)
  if (others.length === 0) {
    const lo = space.interfaces.find(({ kind }) => kind === 'loopback')
    return { reach: lo && isLive(lo) ? 'itself' : 'nowhere' }
  }
  const route = defaultRoute(space)
  const by =
    others.find(({ name }) => name === route?.device) ??
    others.find((one) => isLive(one) && one.addresses.length > 0) ??
    others.find(isLive) ??
    others[0]
  if (!by) return { reach: 'itself' }
  const cable = cables.find(({ a, b }) => a.at === by || b?.at === by)
  const far: CableEnd | undefined = cable?.a.at === by ? cable.b : cable?.a
  const bridge = far?.space.interfaces.find(({ name }) => name === far.at.master)
  const found: Way = { reach: 'unplugged', by, ...(cable ? { cable } : {}), ...(bridge ? { bridge } : {}) }
  if (!isLive(by) || (far && !isLive(far.at)) || (bridge && !bridge.up)) return found
  if (by.addresses.length === 0) return { ...found, reach: 'nameless' }
  if (!route) return { ...found, reach: 'neighbours' }
  return onwards({ ...found, ...(route.via === undefined ? {} : { gateway: route.via }) }, by, far, sample)
}

/** From the gateway on. */
function onwards(found: Way, by: NetworkInterface, far: CableEnd | undefined, sample: NetworkSample): Way {
  const { gateway } = found
  const { spaces } = sample
  const owns = (one: NetworkSpace): boolean =>
    one.interfaces.some(({ addresses }) => addresses.some((address) => address.split('/')[0] === gateway))
  // Where no gateway is named, it is whoever holds the other end; and of two with that address, too.
  const router = far && (gateway === undefined || owns(far.space)) ? far.space : spaces.find(owns)
  if (!router) return { ...found, reach: 'lost' }
  const [host] = spaces
  const on = defaultRoute(router)
  const there: Way = { ...found, router, ...(on ? { out: on.device } : {}) }
  // Whether another namespace forwards is not read; that it has a way on must do.
  if (!on || (router === host && !sample.forwards)) return { ...there, reach: 'stopped' }
  if (router !== host) return { ...there, reach: 'outside' }
  const address = by.addresses[0]?.split('/')[0] ?? ''
  const came = found.bridge?.name ?? far?.at.name ?? ''
  const rule = sample.masquerades.find((one) => matches(one, address, came, on.device))
  if (!rule) return { ...there, reach: 'unmasked' }
  const own = host.interfaces.find(({ name }) => name === on.device)?.addresses[0]?.split('/')[0]
  const as = rule.as ?? own
  return { ...there, reach: 'outside', ...(as === undefined ? {} : { as }) }
}

function defaultRoute(space: NetworkSpace): NetworkRoute | undefined {
  return space.routes.find(({ to }) => to === 'default')
}

function matches(rule: Masquerade, address: string, came: string, out: string): boolean {
  return (
    (rule.from.length === 0 || rule.from.some((one) => isWithin(address, one))) &&
    (rule.in.length === 0 || rule.in.includes(came)) &&
    (rule.out.length === 0 || rule.out.includes(out)) &&
    !rule.notOut.includes(out)
  )
}
