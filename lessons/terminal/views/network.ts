// Networks as text: the way out on top, then the machine with its bridges, and
// behind each port the cable and the room at its other end.
// Pure: a picture in, lines out.
import type { ViewWords } from '../../language/views.ts'
import { type Cable, type CableEnd, inOrder, isLive } from '../../player/watch/network-cables.ts'
import { type NetworkPicture, type Room, roomOf } from '../../player/watch/network-picture.ts'
import type { NetworkInterface } from '../../player/watch/network-sample.ts'
import {
  doorOf,
  flowInWords,
  maskOf,
  stateOf,
  targetOf,
  titleOf,
  wayInWords,
  whole,
} from '../../player/watch/network-words.ts'
import { wrap } from '../wrapping.ts'
import { clip, colourOf, type Piece, row } from './row.ts'

export function networkLines(picture: NetworkPicture, width: number, words: ViewWords): string[] {
  const { sample, rooms } = picture
  const told = rooms.find(({ space }) => space.id === sample.focus) ?? rooms[0]
  const sentence = told ? wayInWords(told, picture, words) : words.network.alone
  return [
    ...wrap(sentence, width).map((line) => row(width, [line, 'bold'])),
    ...wayOut(picture, words).map((pieces) => row(width, ...pieces)),
    row(width, [words.machine, 'bold']),
    ...inside(picture, words, width),
    ...rooms.filter((room) => !cableTo(picture, room)).flatMap((room) => alone(room, words, width)),
    ...elsewhere(picture, words, width),
    ...(sample.more > 0 ? [row(width, [words.more(sample.more), 'dim'])] : []),
    ...flows(picture, words, width),
  ]
}

/** What lies between the world and the machine's bridges. */
function wayOut(picture: NetworkPicture, words: ViewWords): Piece[][] {
  const { host, sample } = picture
  const route = host.routes.find(({ to }) => to === 'default')
  if (!route) return []
  const by = host.interfaces.find(({ name }) => name === route.device)
  const cable = picture.cables.find(({ a }) => a.at === by)
  const needed = host.interfaces.some(({ kind }) => kind === 'veth' || kind === 'bridge')
  const moves = picture.forwarded > 0 ? ` ${words.network.rate(whole(picture.forwarded))}` : ''
  return [
    [
      [words.network.outside, 'bold'],
      ['  ', 'dim'],
      [route.via ?? '', 'dim'],
    ],
    [
      ...([' ┃ ', [route.device, 'bold'], ` ${by?.addresses.join(' ') ?? ''}`] satisfies Piece[]),
      // The world may be a namespace, too, at the end of a cable.
      ...(cable ? [' ', ...line(cable), ...far(cable.b, picture, words)] : []),
    ],
    ...sample.publications.map((one): Piece[] => {
      const room = roomOf(picture, one.to)
      const where: Piece[] = room ? [' ', mark(room), ` ${titleOf(room, words)}`] : []
      return [' ┃ ', [words.network.door(doorOf(one), targetOf(one)), 'yellow'], ...where]
    }),
    ...sample.masquerades.map((rule): Piece[] => {
      const { from, as } = maskOf(rule, picture, words)
      return [' ┃ ', words.network.masked(from, as)]
    }),
    ...(needed
      ? [
          sample.forwards
            ? [' ┃ ', [`✓ ${words.network.forwards}`, 'green'] as const, [moves, 'bold'] as const]
            : [' ╳ ', [words.network.stops, 'red'] as const],
        ]
      : []),
  ]
}

/** The machine's interfaces: ports hang on their bridge, and cables lead to rooms. */
function inside(picture: NetworkPicture, words: ViewWords, width: number): string[] {
  const { host, cables } = picture
  const route = host.routes.find(({ to }) => to === 'default')
  const shown = inOrder(host).filter(({ name, kind }) => name !== route?.device && kind !== 'loopback')
  const ports = (name: string | undefined): NetworkInterface[] =>
    shown.filter(({ master }) => name !== undefined && master === name)
  return shown.flatMap((at) => {
    const cable = cables.find(({ a, b }) => a.at === at || b?.at === at)
    // A cable with both ends here is drawn at its first.
    if (cable && cable.a.at !== at) return []
    const branch = at.master === undefined ? '' : at === ports(at.master).at(-1) ? '└ ' : '├ '
    const state = stateOf(at, words)
    return [
      row(
        width,
        [` ${branch}`, 'dim'],
        [clip(at.name, 16), 'bold'],
        ...(at.kind === 'bridge' ? [[` ${words.network.bridge}`, 'dim'] as const] : []),
        ...(at.addresses.length > 0 ? [` ${at.addresses.join(' ')}`] : []),
        ...(cable
          ? [' ', ...line(cable), ...far(cable.b, picture, words)]
          : state === ''
            ? []
            : [[` ${state}`, 'red'] as const]),
      ),
    ]
  })
}

/** `●━▸3◂2━●`: packets a second each way; an end that is down is hollow. */
function line({ a, b, live, forth, back }: Cable): Piece[] {
  const end = (one: CableEnd | undefined): string => (one?.at.up ? '●' : '○')
  const moving = [...(forth > 0 ? [`▸${whole(forth)}`] : []), ...(back > 0 ? [`◂${whole(back)}`] : [])].join(
    '',
  )
  const wire = live ? '━' : '╌'
  const middle = moving === '' ? wire.repeat(4) : `${wire}${moving}${wire}`
  return [[`${end(a)}${middle}${b ? end(b) : '⋯'}`, live ? 'green' : 'red']]
}

/** The other end, and the room that it is in. */
function far(end: CableEnd | undefined, picture: NetworkPicture, words: ViewWords): Piece[] {
  if (!end) return [[` ${words.network.elsewhere}`, 'dim']]
  const room = picture.rooms.find(({ space }) => space === end.space)
  const state = stateOf(end.at, words)
  const lo = room?.space.interfaces.find(({ kind }) => kind === 'loopback')
  return [
    ...(room ? [mark(room)] : []),
    ` ${end.at.name}`,
    ...(end.at.addresses.length > 0
      ? [` ${end.at.addresses.join(' ')}`]
      : [[` ${words.network.noAddress}`, 'dim'] as const]),
    ...(state === '' ? [] : [[` ${state}`, 'red'] as const]),
    ...(room ? [[`  ${titleOf(room, words)}`, 'bold'] as const, [members(room), 'dim'] as const] : []),
    ...(lo && !isLive(lo) ? [[` ${lo.name} ${stateOf(lo, words)}`, 'red'] as const] : []),
  ]
}

/** A room that no cable leads to from the machine. */
function alone(room: Room, words: ViewWords, width: number): string[] {
  const all = inOrder(room.space).map((at): Piece => {
    const state = stateOf(at, words)
    const text = [at.name, ...at.addresses, ...(state === '' ? [] : [state])].join(' ')
    return state === '' ? `  ${text}` : [`  ${text}`, 'red']
  })
  return [row(width, mark(room), [` ${titleOf(room, words)}`, 'bold'], [members(room), 'dim'], ...all)]
}

/** Cables that do not touch the machine. */
function elsewhere(picture: NetworkPicture, words: ViewWords, width: number): string[] {
  const { cables, host, rooms } = picture
  return cables
    .filter(({ a, b }) => a.space !== host && b?.space !== host)
    .map((cable) => {
      const from = rooms.find(({ space }) => space === cable.a.space)
      const start = [cable.a.at.name, ...cable.a.at.addresses].join(' ')
      return row(
        width,
        ...(from ? [mark(from)] : []),
        ` ${start} `,
        ...line(cable),
        ...far(cable.b, picture, words),
      )
    })
}

function flows(picture: NetworkPicture, words: ViewWords, width: number): string[] {
  const { flows: all } = picture.sample
  if (all.length === 0) return []
  return [
    row(width, [words.network.flows, 'dim']),
    ...all
      .slice(0, 6)
      .map((flow) =>
        row(
          width,
          ` ${flow.protocol} ${flow.from} → ${flow.to}`,
          [` ${flowInWords(flow, words).join(', ')}`, 'yellow'],
          [flow.state === undefined ? '' : ` ${flow.state}`, 'dim'],
        ),
      ),
  ]
}

function cableTo({ cables, host }: NetworkPicture, { space }: Room): Cable | undefined {
  return cables.find(({ a, b }) => a.space === host && b?.space === space)
}

function mark({ letter }: Room): Piece {
  return [`[${letter}]`, ['bold', colourOf(letter)]]
}

function members({ space, name }: Room): string {
  // The first is in the title, where nobody gave it a name.
  const shown = space.processes.slice(
    name === undefined && space.processes[0]?.terminal === undefined ? 1 : 0,
    3,
  )
  const text = shown.map(({ pid, command }) => ` ${command} ${pid}`).join(',')
  return text === '' ? '' : ` ·${text}${space.processes.length > 3 ? ' …' : ''}`
}
