// Where the wires of the picture of networks run, as paths of an SVG: from the
// places where the page put plugs, to cables that hang between them.
//
// Pure: NetworkView.vue measures the places, and draws what comes out of here.
import type { Cable } from '../../../lessons/player/watch/network-cables.ts'
import type { NetworkPicture, Room } from '../../../lessons/player/watch/network-picture.ts'
import { whole } from '../../../lessons/player/watch/network-words.ts'

export interface Place {
  x: number
  y: number
}

/**
 * By name: `world`; `out`, the plug of the interface that leads there; `gate`, where
 * the host passes packets on; `row NAME`, an interface of the host; `plug KEY`, an
 * end of a cable.
 */
export type Places = ReadonlyMap<string, Place>

export interface Wire {
  key: string
  kind: 'world' | 'spine' | 'cable'
  path: string
  /** Nothing gets through. */
  broken: boolean
  /** The letter of the room that it leads to. */
  letter?: string
  /** It is on the way that is shown. */
  lit: boolean
  /** Packets a second along the path, and against it. */
  forth: number
  back: number
  /** Above its middle. */
  label?: Place & { text: string }
}

export function plugKey(space: { id: string }, at: { index: number }): string {
  return `plug ${space.id}/${at.index}`
}

/** @param shown whose way is to be seen */
export function wiresOf(picture: NetworkPicture, places: Places, shown: Room | undefined): Wire[] {
  const { host, sample, forwarded } = picture
  const wires: Wire[] = []
  const way = shown?.way
  const passed = way?.router === host
  const abroad = passed && (way?.reach === 'outside' || way?.reach === 'unmasked')
  const mine = shown ? { letter: shown.letter } : {}
  const [world, out, gate] = [places.get('world'), places.get('out'), places.get('gate')]
  const still = { forth: 0, back: 0 }
  if (world && out)
    wires.push({
      ...{ key: 'world', kind: 'world', path: hanging(world, out), broken: false },
      ...{ lit: abroad, ...(abroad ? mine : {}), ...still, back: forwarded },
    })
  if (gate) {
    if (out)
      wires.push({
        ...{ key: 'out', kind: 'spine', path: bent(out, gate.x, gate), broken: false },
        ...{ lit: abroad, ...(abroad ? mine : {}), ...still, back: forwarded },
      })
    for (const [name, place] of places) {
      if (!name.startsWith('row ')) continue
      const lit = passed && (way?.bridge?.name ?? hostEnd(way?.cable, picture)) === name.slice(4)
      wires.push({
        ...{ key: name, kind: 'spine', path: bent(gate, gate.x, place), broken: !sample.forwards },
        ...{ lit, ...(lit ? mine : {}), ...still, back: lit ? forwarded : 0 },
      })
    }
  }
  for (const cable of picture.cables) {
    const found = cableWire(cable, picture, places)
    if (found) wires.push({ ...found, lit: way?.cable === cable })
  }
  return wires
}

function hostEnd(cable: Cable | undefined, { host }: NetworkPicture): string | undefined {
  return cable?.a.space === host ? cable.a.at.name : undefined
}

function cableWire(cable: Cable, picture: NetworkPicture, places: Places): Omit<Wire, 'lit'> | undefined {
  const { a, b, live, forth, back } = cable
  const start = places.get(plugKey(a.space, a.at))
  if (!start) return undefined
  const inHost = a.space === picture.host
  // Where nobody is at the other end, a stump.
  const end = b ? places.get(plugKey(b.space, b.at)) : { x: start.x + (inHost ? 22 : -22), y: start.y + 8 }
  if (!end) return undefined
  const sameSide = b !== undefined && inHost === (b.space === picture.host)
  const room = picture.rooms.find(({ space }) => space === (b ?? a).space)
  const moving = [...(forth > 0 ? [`▸${whole(forth)}`] : []), ...(back > 0 ? [`◂${whole(back)}`] : [])]
  return {
    ...{ key: cable.key, kind: 'cable', broken: !live, forth, back },
    path: sameSide ? looped(start, end, inHost ? 1 : -1) : hanging(start, end),
    ...(room ? { letter: room.letter } : {}),
    ...(moving.length > 0 && !sameSide
      ? { label: { x: (start.x + end.x) / 2, y: (start.y + end.y) / 2 - 9, text: moving.join(' ') } }
      : {}),
  }
}

/** A cable between walls that face each other. */
function hanging(from: Place, to: Place): string {
  const [dx, dy] = [to.x - from.x, to.y - from.y]
  return Math.abs(dx) >= Math.abs(dy)
    ? `M${from.x} ${from.y}C${from.x + dx / 2} ${from.y} ${to.x - dx / 2} ${to.y} ${to.x} ${to.y}`
    : `M${from.x} ${from.y}C${from.x} ${from.y + dy / 2} ${to.x} ${to.y - dy / 2} ${to.x} ${to.y}`
}

/** A cable whose ends are in one wall, or in two that stand above each other. */
function looped(from: Place, to: Place, side: 1 | -1): string {
  const reach = side * Math.min(34, 14 + Math.abs(to.y - from.y) / 2)
  return `M${from.x} ${from.y}C${from.x + reach} ${from.y} ${to.x + reach} ${to.y} ${to.x} ${to.y}`
}

/** Along walls: to `x`, down, and on. */
function bent(from: Place, x: number, to: Place): string {
  const down = to.y >= from.y ? 1 : -1
  const round = Math.max(0, Math.min(6, Math.abs(to.y - from.y) / 2, Math.abs(to.x - x)))
  const corner = Math.abs(from.x - x) < 1 ? `M${x} ${from.y}` : `M${from.x} ${from.y}H${x}`
  return `${corner}V${to.y - down * round}q0 ${down * round} ${Math.sign(to.x - x) * round} ${down * round}H${to.x}`
}
