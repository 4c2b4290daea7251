// From samples of networks to what is drawn: rooms with names and letters, the
// cables between them, and how much the host passes on.
//
// Pure: drawn by the site and by the terminal.
import { type Cable, cablesOf } from './network-cables.ts'
import type { NetworkSample, NetworkSpace } from './network-sample.ts'
import { type Way, wayOf } from './network-way.ts'

export interface Room {
  space: NetworkSpace
  /** A, B, …: stays with the namespace. */
  letter: string
  /** What somebody called it: `ip netns`, an alias on its cable, a container's hostname. */
  name: string | undefined
  way: Way
}

export interface NetworkPicture {
  sample: NetworkSample
  host: NetworkSpace
  /** In the order in which their cables stand at the host. */
  rooms: Room[]
  cables: Cable[]
  /** Packets a second that the host passes on. */
  forwarded: number
  letters: ReadonlyMap<string, string>
}

const alphabet = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ']

/** @param before the picture of the last sample: rates, and letters that stay */
export function networkPicture(sample: NetworkSample, before?: NetworkPicture): NetworkPicture | undefined {
  const [host, ...others] = sample.spaces
  if (!host) return undefined
  const goesOn = before !== undefined && before.sample.at < sample.at && before.host.id === host.id
  const last = goesOn ? before.sample : undefined
  const seconds = last ? (sample.at - last.at) / 1000 : 0
  const cables = cablesOf(sample, last, goesOn ? before.cables : [])
  const letters = lettersOf(others, goesOn ? before.letters : new Map())
  const out = host.routes.find(({ to }) => to === 'default')?.device
  const place = (space: NetworkSpace): number => {
    const found = cables.findIndex(({ a, b }) => a.space === host && b?.space === space)
    // The way out is on top of everything else.
    if (cables[found]?.a.at.name === out && found >= 0) return -1
    return found < 0 ? cables.length : found
  }
  return {
    sample,
    host,
    rooms: others
      .toSorted((a, b) => place(a) - place(b))
      .map((space) => ({
        space,
        letter: letters.get(space.id) ?? '*',
        name: nameOf(space, cables),
        way: wayOf(space, sample, cables),
      })),
    cables,
    forwarded: last ? Math.max(0, (sample.forwarded - last.forwarded) / seconds) : 0,
    letters,
  }
}

function nameOf(space: NetworkSpace, cables: readonly Cable[]): string | undefined {
  const ends = cables.flatMap(({ a, b }) => (a.space === space || b?.space === space ? [a.at, b?.at] : []))
  const label = ends.find((one) => one?.label !== undefined)?.label
  return label ?? space.name ?? space.hostname
}

/** The room that a rule or a flow speaks of. */
export function roomOf(picture: NetworkPicture, address: string): Room | undefined {
  return picture.rooms.find(({ space }) =>
    space.interfaces.some(
      ({ kind, addresses }) => kind !== 'loopback' && addresses.some((one) => one.split('/')[0] === address),
    ),
  )
}

function lettersOf(
  spaces: readonly NetworkSpace[],
  before: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const letters = new Map<string, string>()
  for (const { id } of spaces) {
    const kept = before.get(id)
    if (kept !== undefined) letters.set(id, kept)
  }
  for (const { id } of spaces) {
    const free = alphabet.find((one) => ![...letters.values()].includes(one))
    if (!letters.has(id)) letters.set(id, free ?? '*')
  }
  return letters
}
