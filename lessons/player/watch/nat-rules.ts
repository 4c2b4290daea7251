// Finds in `nft list ruleset` who gets another sender (masquerade, snat), and
// which ports lead to somebody else (dnat).
//
// The text, and not nft's JSON: it is half the work for nft, and what iptables-nft
// wrote (as Docker does) is readable in it, while in JSON it is `xt: null`. A rule
// is a line. Pure.
//
// Next: lessons/player/watch/flows.ts
import { printable } from './frames.ts'
import type { Masquerade, Publication } from './network-sample.ts'

const most = 24

export function natOf(ruleset: string): { masquerades: Masquerade[]; publications: Publication[] } {
  const sets = namedSets(ruleset)
  const doors = chainDoors(ruleset, sets)
  let chain = ''
  const masquerades = new Map<string, Masquerade>()
  const publications = new Map<string, Publication>()
  for (const raw of ruleset.split('\n')) {
    chain = /^\s*chain (\S+) \{/.exec(raw)?.[1] ?? chain
    // A comment may say anything.
    const line = raw.replace(/ comment "[^"]*"/, '').trim()
    if (/\b(?:masquerade|snat (?:ip6? )?to)\b/.test(line)) {
      const found = masqueradeOf(line, sets, doors.get(chain))
      if (found) masquerades.set(JSON.stringify(found), found)
    }
    // The same door is there twice: for who comes from elsewhere (prerouting), and for the host itself (output).
    if (/\bdnat\b.* to /.test(` ${line}`))
      for (const found of publicationsOf(line, sets)) publications.set(JSON.stringify(found), found)
  }
  return {
    masquerades: [...masquerades.values()].slice(0, most),
    publications: [...publications.values()].slice(0, most),
  }
}

type Sets = ReadonlyMap<string, string[]>

/** Elements of `set x { … }` and `map x { … }`; a map's are `key : value`. */
function namedSets(ruleset: string): Sets {
  const sets = new Map<string, string[]>()
  for (const [, name = '', body = ''] of ruleset.matchAll(/^\s*(?:set|map) (\S+) \{([\s\S]*?)^\s*\}$/gm))
    sets.set(name, listed(/elements = \{([\s\S]*)\}/.exec(body)?.[1] ?? ''))
  return sets
}

function listed(text: string): string[] {
  return text
    .split(',')
    .map((one) => one.replaceAll(/\s+/g, ' ').trim())
    .filter(Boolean)
}

/** By which interfaces packets must come in, and leave, to get into a chain. */
interface Door {
  in: string[]
  out: string[]
}

/** `iifname vmap { "br0" : jump leaving }`, with a named map as well, or simply `iifname "br0" jump leaving`. */
function chainDoors(ruleset: string, sets: Sets): Map<string, Door> {
  const doors = new Map<string, Door>()
  const open = (chain: string, side: string, name: string): void => {
    const door = doors.get(chain) ?? { in: [], out: [] }
    doors.set(chain, door)
    door[side === 'i' ? 'in' : 'out'].push(printable(name))
  }
  for (const [, side = '', map] of ruleset.matchAll(/^\s*([io])ifname vmap (\{[^}]*\}|@\S+)/gm))
    for (const one of values(map, sets)) {
      const [, name, chain] = /^(\S+) : (?:jump|goto) (\S+)$/.exec(one) ?? []
      if (name !== undefined && chain !== undefined) open(chain, side, name)
    }
  for (const [, side = '', name = '', chain = ''] of ruleset.matchAll(
    /^\s*([io])ifname "([^"]+)" (?:counter )?(?:jump|goto) (\S+)/gm,
  ))
    open(chain, side, name)
  return doors
}

/** `10.0.0.0/8`, `"eth0"`, `{ a, b }` or `@name`, as a list. */
function values(text: string | undefined, sets: Sets): string[] {
  if (text === undefined) return []
  const all = text.startsWith('{')
    ? listed(text.slice(1, -1))
    : text.startsWith('@')
      ? (sets.get(text.slice(1)) ?? [])
      : [text]
  return all.map((one) => printable(one.replaceAll('"', '')))
}

const value = String.raw`(\{[^}]*\}|"[^"]*"|\S+)`
const pattern = (name: string): RegExp => new RegExp(`\\b${name} ${value}`)
const patterns = {
  from: pattern('ip6? saddr(?! !=)'),
  out: pattern('(?:oifname|oif)(?! !=)'),
  notOut: pattern('(?:oifname|oif) !='),
  in: pattern('(?:iifname|iif)(?! !=)'),
  snat: pattern('snat (?:ip6? )?to'),
  address: pattern('ip6? daddr(?! !=)'),
  port: pattern('(?:tcp|udp|sctp|th) dport(?! !=)'),
  map: /\bdnat (?:ip6? )?(?:addr \. port )?to (.+?) map (\{[^}]*\}|@\S+)/,
  dnat: pattern('dnat (?:ip6? )?to'),
}

function masqueradeOf(line: string, sets: Sets, door: Door = { in: [], out: [] }): Masquerade | undefined {
  // For one receiver or port alone, or what came by a published one: that is how a container may call itself.
  if (patterns.address.test(line) || patterns.port.test(line) || /\bct status\b/.test(line)) return undefined
  const of = (regexp: RegExp): string[] => values(regexp.exec(line)?.[1], sets)
  const [as] = of(patterns.snat)
  const from = of(patterns.from)
  // The machine's own loopback is nobody's way out.
  if (from.length > 0 && from.every((one) => one.startsWith('127.'))) return undefined
  return {
    from,
    in: [...door.in, ...of(patterns.in)],
    out: [...door.out, ...of(patterns.out)],
    notOut: of(patterns.notOut),
    ...(as === undefined ? {} : { as }),
  }
}

function publicationsOf(line: string, sets: Sets): Publication[] {
  const protocol =
    /\b(tcp|udp|sctp) dport/.exec(line)?.[1] ?? /\bl4proto (tcp|udp|sctp)\b/.exec(line)?.[1] ?? 'tcp'
  const addresses = values(patterns.address.exec(line)?.[1], sets)
  const [, keys, map] = patterns.map.exec(line) ?? []
  if (keys !== undefined) {
    const columns = keys.split(' . ')
    return values(map, sets).flatMap((element): Publication[] => {
      const [key = '', to = ''] = element.split(' : ')
      const parts = key.split(' . ')
      const column = (name: RegExp): string | undefined => parts[columns.findIndex((one) => name.test(one))]
      const [port, [target = '', toPort]] = [column(/dport/), to.split(' . ')]
      const address = column(/daddr/) ?? addresses[0]
      const over = column(/l4proto/) ?? protocol
      return port === undefined ? [] : [publication(over, address, port, target, toPort)]
    })
  }
  const target = patterns.dnat.exec(line)?.[1] ?? ''
  const [, to = target, toPort] = /^\[?([^\]]*?)\]?:(\d[\d-]*)$/.exec(target) ?? []
  return values(patterns.port.exec(line)?.[1], sets).flatMap((port) =>
    (addresses.length === 0 ? [undefined] : addresses).map((address) =>
      publication(protocol, address, port, to, toPort),
    ),
  )
}

function publication(
  protocol: string,
  address: string | undefined,
  port: string,
  to: string,
  toPort: string | undefined,
): Publication {
  return {
    protocol,
    ...(address === undefined ? {} : { address }),
    port,
    to: printable(to),
    ...(toPort === undefined || toPort === port ? {} : { toPort }),
  }
}
