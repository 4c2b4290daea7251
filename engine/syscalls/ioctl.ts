// ioctl(2): what a device or a file system can do beyond reading and writing.
// Each request is a number that its owner made up, with a structure of its own.
//
// Callers: terminal.ts; the btrfs driver, whose subvolumes are made this way.
import { bytes, call, number } from './libc.ts'

/** @param name of the request, and `shown` of its data, as strace(1) prints them */
export function ioctl(
  fd: number,
  request: number,
  name: string,
  data: Uint8Array | null,
  shown: string,
): number {
  return call('ioctl', 'int ioctl(int, ulong, void*)', [
    number(fd),
    number(request, name),
    bytes(data, shown),
  ])
}
