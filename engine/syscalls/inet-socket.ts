// ip(7): sockets of a network namespace that this process is not in.
//
// A socket belongs to the namespace in which its thread was when it made it, for good.
// So the main thread goes there, makes the socket, and comes back; whoever reads and
// writes it later may be anywhere. Node makes sockets only where it is, but takes one
// that is made: dgram's bind({ fd }), net's listen({ fd }) and new Socket({ fd }).
//
// Called by drivers/network/dns.
import { closeSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import { bytes, call, number } from './libc.ts'

const AF_INET = 2
const AF_INET6 = 10
const SOCK_STREAM = 1
const SOCK_DGRAM = 2
const SOCK_CLOEXEC = 0o2000000
const SOCK_NONBLOCK = 0o4000

const types = { udp: SOCK_DGRAM, tcp: SOCK_STREAM }

/** socket(2) of udp(7) or tcp(7), not blocking. @param address says which family: the socket is bound to nothing */
export function inetSocket(protocol: 'udp' | 'tcp', address: string): number {
  const [family, shown] = isIPv6(address) ? [AF_INET6, 'AF_INET6'] : [AF_INET, 'AF_INET']
  return call('socket', 'int socket(int, int, int)', [
    number(family, shown),
    number(
      types[protocol] | SOCK_CLOEXEC | SOCK_NONBLOCK,
      `${protocol === 'udp' ? 'SOCK_DGRAM' : 'SOCK_STREAM'}|SOCK_CLOEXEC|SOCK_NONBLOCK`,
    ),
    number(0),
  ])
}

/**
 * The same, bound to an IPv4 address and a port of the kernel's choice; listening, if it is tcp.
 * @param waiting connections that the kernel keeps until somebody takes them
 */
export function boundSocket(protocol: 'udp' | 'tcp', address: string, waiting: number): number {
  const fd = inetSocket(protocol, address)
  try {
    // struct sockaddr_in: family, port and address, the last two in network order; 16 bytes.
    const name = Buffer.alloc(16)
    name.writeUInt16LE(AF_INET)
    name.set(address.split('.').map(Number), 4)
    call('bind', 'int bind(int, void*, uint)', [number(fd), bytes(name, `${address}:0`), number(16)])
    if (protocol === 'tcp') call('listen', 'int listen(int, int)', [number(fd), number(waiting)])
    return fd
  } catch (error) {
    closeSync(fd)
    throw error
  }
}
