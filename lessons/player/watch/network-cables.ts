// Which ends of cables belong together, and how fast packets move between them.
//
// An end knows of the other its index, and a number that its own namespace gave to
// the other's namespace; nobody tells which namespace that is. So ends are matched:
// each must be what the other says it is, and a number means one namespace.
//
// Pure. Next: lessons/player/watch/network-way.ts
import type { NetworkInterface, NetworkSample, NetworkSpace } from './network-sample.ts'

export interface CableEnd {
  space: NetworkSpace
  at: NetworkInterface
}

export interface Cable {
  /** Of its first end, and stays: `4026531840/5`. */
  key: string
  /** The end in the host, if it has one there. */
  a: CableEnd
  /** Undefined: in a namespace that nobody whom we know holds. */
  b: CableEnd | undefined
  /** Both ends are up. */
  live: boolean
  /** Packets a second from a to b, and back. */
  forth: number
  back: number
}

/** Bridges with their ports behind them, then the rest; `lo` at the end. */
export function inOrder(space: NetworkSpace): NetworkInterface[] {
  const ports = (name: string): NetworkInterface[] => space.interfaces.filter(({ master }) => master === name)
  const free = space.interfaces.filter(({ master }) => master === undefined)
  const rank = ({ kind }: NetworkInterface): number => (kind === 'loopback' ? 2 : kind === 'bridge' ? 0 : 1)
  return free.toSorted((a, b) => rank(a) - rank(b)).flatMap((one) => [one, ...ports(one.name)])
}

/** UNKNOWN is "up, and cannot tell more": lo and tunnels say so. */
export function isLive({ up, state }: NetworkInterface): boolean {
  return up && (state === 'UP' || state === 'UNKNOWN')
}

/** @param last an earlier sample, and the cables that were found in it: without one nothing moves */
export function cablesOf(
  sample: NetworkSample,
  last: NetworkSample | undefined,
  known: readonly Cable[] = [],
): Cable[] {
  const pairs = pairsOf(sample.spaces)
  const met = new Set<NetworkInterface>()
  return sample.spaces.flatMap((space) =>
    inOrder(space).flatMap((at): Cable[] => {
      if (at.kind !== 'veth' || met.has(at)) return []
      const b = pairs.get(at)
      met.add(at)
      if (b) met.add(b.at)
      const key = `${space.id}/${at.index}`
      const then = last?.spaces.find(({ id }) => id === space.id)
      const earlier = then?.interfaces.find(({ index }) => index === at.index)
      const seconds = then ? (space.at - then.at) / 1000 : 0
      const rate = (way: 'sent' | 'received'): number => {
        // Not looked at anew: as fast as it was.
        const before = known.find((one) => one.key === key)
        if (seconds <= 0) return before?.[way === 'sent' ? 'forth' : 'back'] ?? 0
        return earlier ? Math.max(0, (at[way].packets - earlier[way].packets) / seconds) : 0
      }
      return [
        {
          key,
          a: { space, at },
          b,
          live: isLive(at) && (b === undefined || isLive(b.at)),
          forth: rate('sent'),
          back: rate('received'),
        },
      ]
    }),
  )
}

/** The other end of each end that was found. */
function pairsOf(spaces: readonly NetworkSpace[]): Map<NetworkInterface, CableEnd> {
  const pairs = new Map<NetworkInterface, CableEnd>()
  const numbers = new NamespaceNumbers()
  const ends = spaces.flatMap((space) =>
    space.interfaces.flatMap((at) => (at.peer ? [{ space, at, peer: at.peer }] : [])),
  )
  // Whatever is beyond doubt first: it gives numbers a meaning, and that settles others.
  for (let found = true; found; ) {
    found = false
    for (const one of ends) {
      if (pairs.has(one.at)) continue
      const candidates = ends.filter(
        (other) =>
          other !== one &&
          !pairs.has(other.at) &&
          other.at.index === one.peer.index &&
          other.peer.index === one.at.index &&
          numbers.mayMean(one.space, one.peer.netnsid, other.space) &&
          numbers.mayMean(other.space, other.peer.netnsid, one.space),
      )
      const [other] = candidates
      if (!other || candidates.length > 1) continue
      pairs.set(one.at, { space: other.space, at: other.at })
      pairs.set(other.at, { space: one.space, at: one.at })
      numbers.means(one.space, one.peer.netnsid, other.space)
      numbers.means(other.space, other.peer.netnsid, one.space)
      found = true
    }
  }
  return pairs
}

/** What each namespace's numbers for other namespaces were found to mean. */
class NamespaceNumbers {
  readonly #known = new Map<NetworkSpace, Map<number, NetworkSpace>>()

  means(space: NetworkSpace, number: number | undefined, other: NetworkSpace): void {
    if (number === undefined) return
    const known = this.#known.get(space) ?? new Map<number, NetworkSpace>()
    this.#known.set(space, known.set(number, other))
  }

  /** It is known to; or neither number nor namespace has another partner. */
  mayMean(space: NetworkSpace, number: number | undefined, other: NetworkSpace): boolean {
    if (number === undefined) return space === other
    const known = this.#known.get(space)
    if (known?.has(number)) return known.get(number) === other
    return space !== other && ![...(known?.values() ?? [])].includes(other)
  }
}
