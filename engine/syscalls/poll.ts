// poll(2), for one question that Node does not ask of a connection that nobody reads.
//
// Called by daemon/hang-up.ts.
import { bytes, call, number } from './libc.ts'

const POLLERR = 0x8
const POLLHUP = 0x10
const POLLNVAL = 0x20

/**
 * Has the other side closed a socket for good? Half a close, the end of what it sends, is none: it still reads.
 * Of unix(7) the kernel knows at once; of tcp(7) when the other side has answered something with a reset.
 */
export function isHungUp(fd: number): boolean {
  // struct pollfd: fd, and 16 bits each of what is asked for and what is so; these three are never asked for.
  const pollfd = new DataView(new ArrayBuffer(8))
  pollfd.setInt32(0, fd, true)
  call('poll', 'int poll(void*, ulong, int)', [
    bytes(new Uint8Array(pollfd.buffer), '&pollfd'),
    number(1),
    number(0),
  ])
  return (pollfd.getInt16(6, true) & (POLLERR | POLLHUP | POLLNVAL)) !== 0
}
