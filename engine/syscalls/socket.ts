// unix(7): sockets that carry open files. SCM_RIGHTS is how one process gives
// another a descriptor: the number means nothing over there, the kernel makes a
// new one for the same open file.
//
// Called by console.ts, for the master of a container's terminal.
import { closeSync } from 'node:fs'
import { address, bytes, call, number } from './libc.ts'

const AF_UNIX = 1
const SOCK_STREAM = 1
const SOCK_CLOEXEC = 0o2000000
const SOL_SOCKET = 1
const SCM_RIGHTS = 1
const MSG_CMSG_CLOEXEC = 0x40000000

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

/** A connection to the socket at `path`. @param path 107 bytes at most, sun_path of unix(7) */
export function connectUnix(path: string): number {
  const fd = call('socket', 'int socket(int, int, int)', [
    number(AF_UNIX, 'AF_UNIX'),
    number(SOCK_STREAM | SOCK_CLOEXEC, 'SOCK_STREAM|SOCK_CLOEXEC'),
    number(0),
  ])
  // struct sockaddr_un: two bytes of family, 108 of path.
  const name = Buffer.alloc(110)
  name.writeUInt16LE(AF_UNIX)
  name.write(path, 2)
  try {
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

/** struct msghdr with one buffer and room for one descriptor; the layout is that of 64-bit Linux. */
function message(data: Uint8Array): { header: Uint8Array; control: DataView; keep: Uint8Array[] } {
  const iovec = new BigUint64Array([address(data), BigInt(data.length)])
  const control = new Uint8Array(24)
  const vector = new Uint8Array(iovec.buffer)
  const header = new BigUint64Array([0n, 0n, address(vector), 1n, address(control), 24n, 0n])
  return {
    header: new Uint8Array(header.buffer),
    control: new DataView(control.buffer),
    keep: [vector, control, data],
  }
}

/** sendmsg(2) with one descriptor. `name` is what the receiver reads beside it: some want to know which file it is. */
export function sendFd(socket: number, fd: number, name: string): void {
  const { header, control, keep } = message(Buffer.from(name))
  control.setBigUint64(0, 20n, true) // cmsg_len: its header of 16 bytes, and an int
  control.setInt32(8, SOL_SOCKET, true)
  control.setInt32(12, SCM_RIGHTS, true)
  control.setInt32(16, fd, true)
  call('sendmsg', 'long sendmsg(int, void*, int)', [
    number(socket),
    bytes(header, `{${JSON.stringify(name)}, SCM_RIGHTS [${fd}]}`),
    number(0),
  ])
  keep.length = 0
}

/** recvmsg(2) of one descriptor; waits for it. Undefined when the other end sent none. */
export function receiveFd(socket: number): number | undefined {
  const { header, control, keep } = message(new Uint8Array(4096))
  const length = call('recvmsg', 'long recvmsg(int, void*, int)', [
    number(socket),
    bytes(header, '&message'),
    number(MSG_CMSG_CLOEXEC, 'MSG_CMSG_CLOEXEC'),
  ])
  keep.length = 0
  const rights = control.getInt32(8, true) === SOL_SOCKET && control.getInt32(12, true) === SCM_RIGHTS
  return length > 0 && rights ? control.getInt32(16, true) : undefined
}
