// unix(7): sockets that carry open files. SCM_RIGHTS is how one process gives
// another a descriptor: the number means nothing over there, the kernel makes a
// new one for the same open file.
//
// Called by console.ts, for the master of a container's terminal, and by the exec
// driver of OCI runtimes, which send one.
import { closeSync } from 'node:fs'
import { constants } from 'node:os'
import { SyscallError } from '../errors.ts'
import { address, bytes, call, number } from './libc.ts'

const AF_UNIX = 1
const SOCK_STREAM = 1
const SOCK_DGRAM = 2
const SOCK_CLOEXEC = 0o2000000
const SOCK_NONBLOCK = 0o4000
const SOL_SOCKET = 1
const SCM_RIGHTS = 1
const MSG_CMSG_CLOEXEC = 0x40000000
const MSG_PEEK = 0x02
const MSG_DONTWAIT = 0x40

/** socketpair(2): two ends of one connection. */
export function socketpair(): [number, number] {
  const pair = new Int32Array(2)
  call('socketpair', 'int socketpair(int, int, int, void*)', [
    number(AF_UNIX, 'AF_UNIX'),
    number(SOCK_STREAM | SOCK_CLOEXEC, 'SOCK_STREAM|SOCK_CLOEXEC'),
    number(0),
    bytes(new Uint8Array(pair.buffer), '&pair'),
  ])
  return [pair[0] ?? -1, pair[1] ?? -1]
}

/** socket(2) of unix(7). */
function unixSocket(type: number, shown: string): number {
  return call('socket', 'int socket(int, int, int)', [
    number(AF_UNIX, 'AF_UNIX'),
    number(type | SOCK_CLOEXEC, `${shown}|SOCK_CLOEXEC`),
    number(0),
  ])
}

/**
 * struct sockaddr_un: two bytes of family, and a path that ends with a zero byte. After an `@`
 * it is no path but an abstract name, which begins with one, and every byte of it counts.
 * @param path 107 bytes at most
 */
function unixAddress(path: string): Buffer {
  const abstract = path.startsWith('@')
  const bytes = Buffer.from(abstract ? `\0${path.slice(1)}` : `${path}\0`)
  const family = Buffer.alloc(2)
  family.writeUInt16LE(AF_UNIX)
  return Buffer.concat([family, bytes])
}

/** A connection to the socket at `path`. @param path 107 bytes at most, sun_path of unix(7) */
export function connectUnix(path: string): number {
  return connected(unixSocket(SOCK_STREAM, 'SOCK_STREAM'), path)
}

/** A socket whose writes are datagrams to `path`; EAGAIN while nobody reads them. */
export function connectUnixDatagram(path: string): number {
  return connected(unixSocket(SOCK_DGRAM | SOCK_NONBLOCK, 'SOCK_DGRAM|SOCK_NONBLOCK'), path)
}

/** A socket at `path`, which must not be there, for datagrams of everybody. */
export function bindUnixDatagram(path: string): number {
  const fd = unixSocket(SOCK_DGRAM | SOCK_NONBLOCK, 'SOCK_DGRAM|SOCK_NONBLOCK')
  try {
    bind(fd, path)
    return fd
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/** bind(2). */
function bind(fd: number, path: string): void {
  const name = unixAddress(path)
  call('bind', 'int bind(int, void*, uint)', [
    number(fd),
    bytes(name, JSON.stringify(path)),
    number(name.length),
  ])
}

/** recv(2) without waiting: what is there, a datagram or part of a stream; empty at its end. @returns undefined when nothing is there yet */
export function receiveNow(socket: number): Uint8Array | undefined {
  return receive(socket, MSG_DONTWAIT, 'MSG_DONTWAIT')
}

/** Whether something is there to read, or its end. It stays there. */
export function isReadable(socket: number): boolean {
  return receive(socket, MSG_DONTWAIT | MSG_PEEK, 'MSG_DONTWAIT|MSG_PEEK') !== undefined
}

function receive(socket: number, flags: number, shown: string): Uint8Array | undefined {
  const data = new Uint8Array(4096)
  try {
    const length = call('recv', 'long recv(int, void*, size_t, int)', [
      number(socket),
      bytes(data, '&data'),
      number(data.length),
      number(flags, shown),
    ])
    return data.subarray(0, length)
  } catch (error) {
    if (error instanceof SyscallError && error.errno === constants.errno.EAGAIN) return undefined
    throw error
  }
}

function connected(fd: number, path: string): number {
  try {
    const name = unixAddress(path)
    call('connect', 'int connect(int, void*, uint)', [
      number(fd),
      bytes(name, JSON.stringify(path)),
      number(name.length),
    ])
    return fd
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/** bind(2) and listen(2): a socket at `path`, which must not be there. Who connects waits in its queue, with what they sent. */
export function listenUnix(path: string): number {
  const fd = unixSocket(SOCK_STREAM | SOCK_NONBLOCK, 'SOCK_STREAM|SOCK_NONBLOCK')
  try {
    bind(fd, path)
    call('listen', 'int listen(int, int)', [number(fd), number(1)])
    return fd
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/** The next connection in the queue of a listening socket. @throws SyscallError EAGAIN when there is none */
export function acceptUnix(socket: number): number {
  return call('accept4', 'int accept4(int, void*, void*, int)', [
    number(socket),
    bytes(null, 'NULL'),
    bytes(null, 'NULL'),
    number(SOCK_CLOEXEC, 'SOCK_CLOEXEC'),
  ])
}

/** The most that one message carries: SCM_MAX_FD, unix(7). */
export const mostFds = 253

/** struct msghdr with one buffer and room for descriptors; the layout is that of 64-bit Linux. */
function message(
  data: Uint8Array,
  fds: number,
): { header: Uint8Array; control: DataView; keep: Uint8Array[] } {
  const iovec = new BigUint64Array([address(data), BigInt(data.length)])
  // struct cmsghdr: 16 bytes, and the numbers; in whole words of 8 bytes.
  const control = new Uint8Array(16 + Math.ceil(fds / 2) * 8)
  const vector = new Uint8Array(iovec.buffer)
  const header = new BigUint64Array([
    ...[0n, 0n, address(vector), 1n],
    ...[address(control), BigInt(control.length), 0n],
  ])
  return {
    header: new Uint8Array(header.buffer),
    control: new DataView(control.buffer),
    keep: [vector, control, data],
  }
}

/** sendmsg(2) with descriptors. `name` is what the receiver reads beside them: some want to know which file it is. */
export function sendFds(socket: number, fds: readonly number[], name: string): void {
  const { header, control, keep } = message(Buffer.from(name), fds.length)
  control.setBigUint64(0, BigInt(16 + fds.length * 4), true) // cmsg_len
  control.setInt32(8, SOL_SOCKET, true)
  control.setInt32(12, SCM_RIGHTS, true)
  for (const [index, fd] of fds.entries()) control.setInt32(16 + index * 4, fd, true)
  call('sendmsg', 'long sendmsg(int, void*, int)', [
    number(socket),
    bytes(header, `{${JSON.stringify(name)}, SCM_RIGHTS [${fds.join(', ')}]}`),
    number(0),
  ])
  keep.length = 0
}

/** recvmsg(2) of descriptors; waits for them. None when the other end sent none. */
export function receiveFds(socket: number): number[] {
  return receiveRights(socket, MSG_CMSG_CLOEXEC, 'MSG_CMSG_CLOEXEC')
}

/** The same without waiting: none when none has come. For one who must not wait, since its sender may be dead. */
export function receiveFdsNow(socket: number): number[] {
  try {
    return receiveRights(socket, MSG_CMSG_CLOEXEC | MSG_DONTWAIT, 'MSG_CMSG_CLOEXEC|MSG_DONTWAIT')
  } catch (error) {
    if (error instanceof SyscallError && error.errno === constants.errno.EAGAIN) return []
    throw error
  }
}

function receiveRights(socket: number, flags: number, shown: string): number[] {
  const { header, control, keep } = message(new Uint8Array(4096), mostFds)
  const length = call('recvmsg', 'long recvmsg(int, void*, int)', [
    number(socket),
    bytes(header, '&message'),
    number(flags, shown),
  ])
  keep.length = 0
  const rights = control.getInt32(8, true) === SOL_SOCKET && control.getInt32(12, true) === SCM_RIGHTS
  if (length === 0 || !rights) return []
  const count = (Number(control.getBigUint64(0, true)) - 16) / 4
  return Array.from({ length: count }, (_, index) => control.getInt32(16 + index * 4, true))
}
