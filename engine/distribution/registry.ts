// What a registry's name means: from `docker.io` or `registry.example:5000` to the
// addresses that are asked, in order.
//
// Images travel by HTTP. The first part of a reference names who is asked:
//
//   busybox                          docker.io          https://registry-1.docker.io
//   registry.example/team/app        registry.example   https://registry.example
//   localhost:5000/app               localhost:5000     https://localhost:5000, then http://
//
// TLS is what makes a registry's answer its own, so without it goes only who was told:
// `insecure-registries` of daemon.json lists hosts and networks, and this machine itself
// (localhost, 127.0.0.0/8) is always among them. There a certificate is taken as it is,
// and when nobody speaks TLS, plain HTTP is tried.
//
// docker.io alone has mirrors (`registry-mirrors`): they are asked first, in order, and
// whatever they cannot give comes from the Hub. Pushes never go to a mirror.
// Next: engine/distribution/client.ts
import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'
import { EngineError } from '../errors.ts'
import type { Credentials } from './credentials.ts'

/** What daemon.json, flags and the user's logins say of registries. */
export interface RegistryOptions {
  /** `host`, `host:port` or a network: `10.0.0.0/8`. */
  insecureRegistries?: readonly string[]
  /** URLs that are asked before docker.io is. */
  mirrors?: readonly string[]
  /** Directory of private CAs and client certificates, one directory a host; /etc/docker/certs.d. */
  certificates?: string
  /** Who we are at that server (a key of credentials.ts); nobody when left out. */
  credentials?: (server: string) => Credentials | undefined
  /** Milliseconds; a slow network wants more, a test less. */
  timeouts?: { connect?: number; answer?: number; silence?: number }
  /** How often a request is made before its failure counts, and the first pause in milliseconds. */
  retries?: { attempts?: number; pause?: number }
}

export interface Endpoint {
  /** `https://registry-1.docker.io`, or with a path where a mirror has one; no slash at the end. */
  base: string
  /** `registry-1.docker.io`, `localhost:5000`: names the directory of its certificates. */
  host: string
  /** What its credentials are kept under. */
  server: string
  mirror: boolean
  /** Its certificate proves nothing, and its tokens may come from plain HTTP. */
  insecure: boolean
}

export const hub = 'docker.io'

/** Docker keeps logins to the Hub under this name, since before there was a /v2/. */
const hubServer = 'https://index.docker.io/v1/'

/** The key of credentials: `https://index.docker.io/v1/` for the Hub, otherwise the name itself. */
export function serverOf(domain: string): string {
  return ['', hub, 'index.docker.io', 'registry-1.docker.io'].includes(domain) ? hubServer : domain
}

/**
 * Where to ask, in order.
 * @param domain as a Reference has it
 * @throws EngineError `invalid` for settings that name no host, network or URL
 */
export async function endpointsOf(
  domain: string,
  purpose: 'pull' | 'push',
  options: RegistryOptions,
): Promise<Endpoint[]> {
  const insecure = insecureRule(options.insecureRegistries ?? [])
  if (domain !== hub) return addresses(domain, await insecure(domain))
  const origin: Endpoint = {
    base: 'https://registry-1.docker.io',
    host: 'registry-1.docker.io',
    server: hubServer,
    mirror: false,
    insecure: false,
  }
  if (purpose === 'push') return [origin]
  const mirrors = (options.mirrors ?? []).map(async (text) => {
    const url = mirrorUrl(text)
    const base = `${url.origin}${url.pathname.replace(/\/+$/, '')}`
    // Of the Hub's password a mirror learns nothing: it has a login of its own, or none.
    return { base, host: url.host, server: url.host, mirror: true, insecure: await insecure(url.host) }
  })
  return [...(await Promise.all(mirrors)), origin]
}

function addresses(domain: string, insecure: boolean): Endpoint[] {
  const rest = { host: domain, server: domain, mirror: false, insecure }
  const secure = { base: `https://${domain}`, ...rest }
  return insecure ? [secure, { base: `http://${domain}`, ...rest }] : [secure]
}

function mirrorUrl(text: string): URL {
  const url = URL.parse(text.includes('://') ? text : `https://${text}`)
  if (
    url === null ||
    !/^https?:$/.test(url.protocol) ||
    url.hostname === '' ||
    url.search !== '' ||
    url.hash !== ''
  )
    throw new EngineError(
      'invalid',
      `registry-mirrors: ${JSON.stringify(text)} is no address: write https://host[:port][/path]`,
    )
  if (url.username !== '' || url.password !== '')
    throw new EngineError(
      'invalid',
      `registry-mirrors: ${url.host} has a password in it: log in there instead`,
    )
  return url
}

/** @returns whether a host may be asked without a proof of who it is */
function insecureRule(listed: readonly string[]): (host: string) => Promise<boolean> {
  const hosts = new Set<string>()
  const networks = new BlockList()
  networks.addSubnet('127.0.0.0', 8, 'ipv4')
  networks.addAddress('::1', 'ipv6')
  for (const text of listed) {
    const [network = '', bits] = text.split('/')
    const family = familyOf(network)
    if (bits === undefined && !/\s|^$/.test(text)) hosts.add(text.toLowerCase())
    else if (family && /^\d+$/.test(bits ?? '') && Number(bits) <= (family === 'ipv4' ? 32 : 128))
      networks.addSubnet(network, Number(bits), family)
    else
      throw new EngineError(
        'invalid',
        `insecure-registries: ${JSON.stringify(text)} is neither host[:port] nor a network: leave out https:// and paths`,
      )
  }
  return async (host) => {
    const name = hostname(host)
    if (hosts.has(host.toLowerCase()) || hosts.has(name) || name === 'localhost') return true
    const family = familyOf(name)
    if (family) return networks.check(name, family)
    // A name counts as what it stands for; without an answer the request itself will say so.
    const found = await lookup(name, { all: true }).catch(() => [])
    return found.some(({ address, family: six }) => networks.check(address, six === 6 ? 'ipv6' : 'ipv4'))
  }
}

/** Without the port, and without the brackets of an IPv6 address. */
function hostname(host: string): string {
  return host
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase()
}

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  const family = isIP(address)
  return family === 0 ? undefined : family === 4 ? 'ipv4' : 'ipv6'
}
