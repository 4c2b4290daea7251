// netdevice(7): what `ip link set lo up` asks of the kernel, without the program.
import { closeSync } from 'node:fs'
import { bytes, call, number } from './libc.ts'

const AF_INET = 2
const SOCK_DGRAM = 2
const SIOCGIFFLAGS = 0x8913
const SIOCSIFFLAGS = 0x8914
const IFF_UP = 1

// #region bring-up
/** Brings an interface of this network namespace up. @param name 15 bytes at most */
export function bringUp(name: string): void {
  // Any socket will do: it says which network namespace is meant.
  const socket = call('socket', 'int socket(int, int, int)', [
    number(AF_INET, 'AF_INET'),
    number(SOCK_DGRAM, 'SOCK_DGRAM'),
    number(0),
  ])
  try {
    // struct ifreq: 16 bytes of name, then the flags.
    const request = Buffer.alloc(40)
    request.write(name)
    ioctl(socket, SIOCGIFFLAGS, 'SIOCGIFFLAGS', request, `{"${name}"}`)
    request.writeUInt16LE(request.readUInt16LE(16) | IFF_UP, 16)
    ioctl(socket, SIOCSIFFLAGS, 'SIOCSIFFLAGS', request, `{"${name}", IFF_UP}`)
  } finally {
    closeSync(socket)
  }
}
// #endregion bring-up

function ioctl(fd: number, code: number, name: string, data: Uint8Array, shown: string): void {
  call('ioctl', 'int ioctl(int, ulong, void*)', [number(fd), number(code, name), bytes(data, shown)])
}
