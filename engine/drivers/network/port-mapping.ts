// `-p 8080:80`: which ports of the host lead to which of a container. Pure: what was asked
// for, made complete; who holds a port, and what leads there, stands in port-sockets.ts and
// firewall.ts.
//
// Next: engine/drivers/network/port-sockets.ts
import { EngineError } from '../../errors.ts'
import { type Address, formatAddress, parseAddress } from './address.ts'

export const protocols = ['tcp', 'udp', 'sctp'] as const
export type Protocol = (typeof protocols)[number]

/** A port of the host that leads into a container. */
export interface Published {
  protocol: Protocol
  containerPort: number
  /** 0.0.0.0 or :: for every address that the host has. */
  host: Address
  hostPort: number
}

/** The same before anybody has chosen. */
export interface PortRequest {
  protocol: Protocol
  containerPort: number
  /** The port is the same on all of them. */
  hosts: readonly Address[]
  /** One of these; left out, one that is free. */
  range?: { first: number; last: number }
}

interface Binding {
  HostIp?: string | null | undefined
  HostPort?: string | null | undefined
}

export interface PortWishes {
  /** `80/tcp`, as Docker's HostConfig.PortBindings. */
  bindings: Readonly<Record<string, readonly Binding[] | null | undefined>>
  /** `-P`: these, too, each on a port that is free. */
  exposed: readonly string[]
  /** Where no address was named. */
  anywhere: readonly Address[]
}

/** Sorted by container port. @throws EngineError `invalid`, in Docker's words */
export function portRequests({ bindings, exposed, anywhere }: PortWishes): PortRequest[] {
  const asked = Object.entries(bindings).filter(([, list]) => (list ?? []).length > 0)
  const names = new Set(asked.map(([name]) => name))
  const random = exposed.filter((name) => !names.has(name)).map((name) => [name, [{}]] as const)
  return [...asked, ...random]
    .flatMap(([name, list]) => {
      const port = parsePort(name)
      return (list ?? []).map((binding) => ({ ...port, ...requestOf(binding, anywhere) }))
    })
    .toSorted((a, b) => a.containerPort - b.containerPort)
}

/** @param text `80/tcp`; without a protocol it is tcp @throws EngineError `invalid` */
export function parsePort(text: string): { protocol: Protocol; containerPort: number } {
  const [, digits = '', word = 'tcp'] = /^(\d{1,5})(?:\/(\w+))?$/.exec(text) ?? []
  const protocol = protocols.find((one) => one === word.toLowerCase())
  const containerPort = Number(digits)
  if (digits === '' || protocol === undefined || containerPort < 1 || containerPort > 65535)
    throw new EngineError('invalid', `invalid port specification: "${text}"`)
  return { protocol, containerPort }
}

function requestOf(
  { HostIp, HostPort }: Binding,
  anywhere: readonly Address[],
): Pick<PortRequest, 'hosts' | 'range'> {
  const address = HostIp ? parseAddress(HostIp) : undefined
  if (HostIp && address === undefined) throw new EngineError('invalid', `invalid IP address: ${HostIp}`)
  return { hosts: address === undefined ? anywhere : [address], ...rangeOf(HostPort ?? '') }
}

function rangeOf(text: string): Pick<PortRequest, 'range'> {
  if (text === '' || text === '0') return {}
  const [, from = '', to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? []
  const [first, last] = [Number(from), Number(to)]
  if (from === '' || first < 1 || last > 65535 || first > last)
    throw new EngineError('invalid', `invalid port specification: "${text}"`)
  return { range: { first, last } }
}

/** `8080` on that address, as errors name it. */
export function formatHostPort(host: Address, port: number): string {
  return host.family === 6 ? `[${formatAddress(host)}]:${port}` : `${formatAddress(host)}:${port}`
}
