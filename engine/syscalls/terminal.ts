// Terminals: pty(7), ioctl_tty(2), setsid(2). A pseudoterminal has two ends: who
// holds the master plays the keyboard and the screen, who holds the slave sees a
// terminal.
import { bytes, call, number } from './libc.ts'

const TIOCSPTLCK = 0x40045431
const TIOCGPTN = 0x80045430
const TIOCSCTTY = 0x540e
const TIOCSWINSZ = 0x5414

function ioctl(fd: number, request: number, name: string, data: Uint8Array | null, shown: string): number {
  return call('ioctl', 'int ioctl(int, ulong, void*)', [
    number(fd),
    number(request, name),
    bytes(data, shown),
  ])
}

/** What unlockpt(3) does: until then the slave cannot be opened. @param master open /dev/ptmx */
export function unlockTerminal(master: number): void {
  ioctl(master, TIOCSPTLCK, 'TIOCSPTLCK', new Uint8Array(4), '[0]')
}

/** The number of the slave: 3 for /dev/pts/3, in the devpts that the master came from. */
export function terminalNumber(master: number): number {
  const result = new Uint8Array(4)
  ioctl(master, TIOCGPTN, 'TIOCGPTN', result, '&number')
  return new DataView(result.buffer).getUint32(0, true)
}

/** Makes the terminal the controlling one of this session: from now on its Ctrl-C is our SIGINT. */
export function takeTerminal(slave: number): void {
  ioctl(slave, TIOCSCTTY, 'TIOCSCTTY', null, '0')
}

export function resizeTerminal(fd: number, size: { rows: number; columns: number }): void {
  const winsize = new Uint16Array([size.rows, size.columns, 0, 0])
  ioctl(fd, TIOCSWINSZ, 'TIOCSWINSZ', new Uint8Array(winsize.buffer), `{${size.rows}, ${size.columns}}`)
}

/** setsid(2): a session of one's own, without a terminal. */
export function setsid(): void {
  call('setsid', 'int setsid()', [])
}

/** dup2(2). */
export function dup2(from: number, to: number): void {
  call('dup2', 'int dup2(int, int)', [number(from), number(to)])
}
