// /etc/resolv.conf of a container (resolv.conf(5)): which servers its C library asks.
//
//   host           as the host has it
//   plain          without servers on the host's loopback, which from elsewhere is another
//                  one; were there no others, Google's, as Docker does
//   user-defined   127.0.0.11 alone: our name server, which knows the names of containers
//                  and asks the others on the container's behalf
//
// --dns, --dns-search and --dns-option stand for what the host has, each for its own.
//
// Pure. Called by daemon/network/resolver.ts, which reads the host's; what comes out goes
// into the container's file, and tells its name server whom to ask.
import { isIP, isIPv6 } from 'node:net'
import type { Upstream } from './forward.ts'
import { nameServerAddress } from './redirect.ts'

export interface ResolvConf {
  text: string
  resolver: Resolver
}

/** What the name server has to know. */
export interface Resolver {
  /** Whom to ask for names that are no container's; in this order. */
  upstreams: readonly Upstream[]
  /** `ndots` was asked for, by the host or by --dns-option. */
  ndotsSet: boolean
}

/** HostConfig.Dns, DnsSearch, DnsOptions: empty where nothing was given. */
export interface Overrides {
  Dns?: readonly string[] | null | undefined
  DnsSearch?: readonly string[] | null | undefined
  DnsOptions?: readonly string[] | null | undefined
}

export type ResolverMode = 'host' | 'plain' | 'user-defined'

/**
 * @param ofHost text of the host's own file
 * @param ipv6 whether the container's networks have it: servers that it cannot reach are no use to it
 */
export function resolvConf(mode: ResolverMode, ofHost: string, own: Overrides, ipv6: boolean): ResolvConf {
  const host = parse(ofHost)
  const given = own.Dns?.length ? own.Dns : undefined
  const search = own.DnsSearch?.length ? own.DnsSearch.filter((one) => one !== '.') : host.search
  const options = own.DnsOptions?.length ? [...own.DnsOptions] : host.options
  const servers = given ?? host.servers
  const ndotsSet = options.some(isNdots)
  const out = (names: readonly string[], opts: readonly string[]): string =>
    [
      ...names.map((one) => `nameserver ${one}`),
      ...(search.length > 0 ? [`search ${search.join(' ')}`] : []),
      ...(opts.length > 0 ? [`options ${opts.join(' ')}`] : []),
      ...host.other,
      '',
    ].join('\n')

  if (mode === 'host') return { text: out(servers, options), resolver: { upstreams: [], ndotsSet } }

  const hostOnly = (one: string): boolean =>
    given === undefined && (isLoopback(one) || one.includes('%') || (isIPv6(one) && !ipv6))
  if (mode === 'plain') {
    const reachable = servers.filter((one) => !hostOnly(one))
    const text = out(reachable.length > 0 ? reachable : fallback(ipv6), options)
    return { text, resolver: { upstreams: [], ndotsSet } }
  }
  const asked = servers.length > 0 ? servers : fallback(ipv6)
  // Its own address would be a question that comes back for ever.
  const upstreams = asked
    .map((address) => ({ address, onHost: hostOnly(address) }))
    .filter(({ address, onHost }) => isIP(address) !== 0 && (onHost || address !== nameServerAddress))
  const valid = options.filter((one) => !isNdots(one) || /^ndots:\d+$/.test(one))
  const all = valid.some(isNdots) ? valid : [...valid, 'ndots:0']
  return { text: out([nameServerAddress], all), resolver: { upstreams, ndotsSet } }
}

interface Parsed {
  servers: string[]
  search: string[]
  options: string[]
  /** Lines that are none of these. */
  other: string[]
}

function parse(text: string): Parsed {
  const parsed: Parsed = { servers: [], search: [], options: [], other: [] }
  for (const line of text.split('\n')) {
    const [word, ...values] = line.trim().split(/\s+/)
    if (!word || /^[#;]/.test(word)) continue
    if (word === 'nameserver') parsed.servers.push(...values.slice(0, 1).filter((one) => isIP(one) !== 0))
    // Of several the last counts, and `domain` is its old name.
    else if (word === 'search' || word === 'domain')
      parsed.search = values.length > 0 ? values : parsed.search
    else if (word === 'options') parsed.options.push(...values)
    else parsed.other.push(line)
  }
  return parsed
}

function isNdots(option: string): boolean {
  return /^ndots(:|$)/.test(option)
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || /^(0*:)*:?0*1$/.test(address)
}

function fallback(ipv6: boolean): string[] {
  return ['8.8.8.8', '8.8.4.4', ...(ipv6 ? ['2001:4860:4860::8888', '2001:4860:4860::8844'] : [])]
}
