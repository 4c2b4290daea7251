// What the picture of networks says in words: names of rooms, and how far each
// gets. The same on the site and in the terminal. Pure.
import type { ViewWords } from '../../language/views.ts'
import { networkOf } from './address-range.ts'
import { isLive } from './network-cables.ts'
import type { NetworkPicture, Room } from './network-picture.ts'
import type { Flow, Masquerade, NetworkInterface, NetworkSpace, Publication } from './network-sample.ts'

/** The name that somebody gave it; or else whose it is. */
export function titleOf(room: Room, words: ViewWords): string {
  const { name, space } = room
  if (name !== undefined) return name
  const [process] = space.processes
  if (process?.terminal !== undefined) return process.terminal
  return process ? `${process.command} (${process.pid})` : words.network.nobody
}

/** The machine, or the title of a room. */
export function placeOf(space: NetworkSpace, picture: NetworkPicture, words: ViewWords): string {
  const room = picture.rooms.find((one) => one.space === space)
  return room ? titleOf(room, words) : words.machine
}

export function wayInWords(room: Room, picture: NetworkPicture, words: ViewWords): string {
  const { way } = room
  return words.network.ways[way.reach]({
    who: titleOf(room, words),
    by: way.by?.name ?? '',
    bridge: way.bridge?.name ?? '',
    gateway: way.gateway ?? '',
    router: way.router ? placeOf(way.router, picture, words) : '',
    out: way.out ?? '',
    as: way.as ?? '',
  })
}

/** `down` and the like; empty where it is up. */
export function stateOf(at: NetworkInterface, words: ViewWords): string {
  if (isLive(at)) return ''
  return words.network.states[at.up ? at.state : 'DOWN'] ?? at.state
}

/** `:8080`, with the protocol where it is not TCP, and with an address where the door is in one wall only. */
export function doorOf({ protocol, address, port }: Publication): string {
  return `${address ?? ''}:${port}${protocol === 'tcp' ? '' : `/${protocol}`}`
}

export function targetOf({ to, port, toPort }: Publication): string {
  return `${to.includes(':') ? `[${to}]` : to}:${toPort ?? port}`
}

/** Who leaves as whom, once for each rule. */
export function maskOf(
  rule: Masquerade,
  picture: NetworkPicture,
  words: ViewWords,
): { from: string; as: string } {
  const out = picture.host.routes.find(({ to }) => to === 'default')?.device
  const own = picture.host.interfaces.find(({ name }) => name === out)?.addresses[0]?.split('/')[0]
  // A rule for what comes by a bridge is one for the network there.
  const networks = rule.in.map((name) => {
    const [address] = picture.host.interfaces.find((one) => one.name === name)?.addresses ?? []
    return address === undefined ? name : networkOf(address)
  })
  const from = [...rule.from, ...networks].join(', ')
  return { from: from || words.network.everybody, as: rule.as ?? own ?? rule.out.join(', ') }
}

export function flowInWords(flow: Flow, words: ViewWords): string[] {
  const { seenAs, answeredBy, unanswered } = words.network
  return [
    ...(flow.seenAs === undefined ? [] : [seenAs(flow.seenAs)]),
    ...(flow.answeredBy === undefined ? [] : [answeredBy(flow.answeredBy)]),
    ...(flow.unanswered ? [unanswered] : []),
  ]
}

/** A rate that is not nothing is not "0". */
export function whole(rate: number): number {
  return rate > 0 ? Math.max(1, Math.round(rate)) : 0
}
