// What the host's network is like now, read from /proc: interfaces, what is routed, and
// switches that have to be on.
//
// /proc/net is that of the network namespace of whoever reads; /sys/class/net would be
// that of whoever mounted /sys.
//
// Called by bridge.ts, and by the daemon before it chooses a subnet.
import { readFileSync } from 'node:fs'
import { command } from '../../syscalls/command.ts'
import { writeKernelFile } from '../../syscalls/file.ts'
import type { Subnet } from './address.ts'

/** Names of all interfaces. */
export function interfaces(): Set<string> {
  const lines = readFileSync('/proc/net/dev', 'utf8').split('\n').slice(2)
  return new Set(lines.map((line) => line.split(':', 1)[0]?.trim() ?? '').filter(Boolean))
}

/** IPv4 of an interface: `10.1.0.1/16`; undefined when it is not there, or has none. */
export function addressOf(name: string): string | undefined {
  // Node lists those alone that have a carrier, and a bridge without containers has none.
  if (!interfaces().has(name)) return undefined
  return /inet ([\d.]+\/\d+)/.exec(command('ip', '-4', '-o', 'address', 'show', 'dev', name))?.[1]
}

export interface Route {
  interface: string
  subnet: Subnet
}

/** What is routed by more than the default route: a network on one of these would hide hosts that are there. */
export function routes(): Route[] {
  const four = lines('/proc/net/route')
    .slice(1)
    .map((line) => line.split('\t'))
    .map(([name = '', destination = '', , , , , , mask = '']) => ({
      interface: name,
      subnet: { family: 4 as const, base: littleEndian(destination), prefix: ones(littleEndian(mask)) },
    }))
  const six = lines('/proc/net/ipv6_route')
    .map((line) => line.trim().split(/\s+/))
    .map(([destination = '0', prefix = '0', ...rest]) => ({
      interface: rest.at(-1) ?? '',
      subnet: { family: 6 as const, base: BigInt(`0x${destination}`), prefix: Number.parseInt(prefix, 16) },
    }))
  return [...four, ...six].filter(({ subnet }) => subnet.prefix > 0)
}

/** `0002A8C0` is 192.168.2.0: the bytes of memory, written down as a number by a machine that reads them backwards. */
function littleEndian(text: string): bigint {
  return BigInt(Buffer.from(text, 'hex').reverse().readUInt32BE(0))
}

function ones(mask: bigint): number {
  return mask.toString(2).replaceAll('0', '').length
}

function lines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').filter(Boolean)
  } catch {
    // ENOENT: a kernel without IPv6.
    return []
  }
}

/** @param name `net.ipv4.ip_forward`, or with slashes where an interface's name may have dots: `net/ipv4/conf/br.1/route_localnet` */
export function setSysctl(name: string, value: string): void {
  const path = `/proc/sys/${name.includes('/') ? name : name.replaceAll('.', '/')}`
  if (readFileSync(path, 'utf8').trim() !== value) writeKernelFile(path, value)
}

export function hasIPv6(): boolean {
  return lines('/proc/net/if_inet6').length > 0
}
