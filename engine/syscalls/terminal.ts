// Terminals: pty(7), ioctl_tty(2), setsid(2). A pseudoterminal has two ends: who
// holds the master plays the keyboard and the screen, who holds the slave sees a
// terminal.
import { ioctl } from './ioctl.ts'
import { call, number } from './libc.ts'

const TCGETS = 0x5401
const TCSETS = 0x5402
const TIOCSPTLCK = 0x40045431
const TIOCGPTN = 0x80045430
const TIOCGPTPEER = 0x5441
const TIOCSCTTY = 0x540e
const TIOCSWINSZ = 0x5414
const TIOCSLCKTRMIOS = 0x5457

const OPOST = 1

/** What is written is shown as it is: termios(3) without OPOST. */
export function keepOutput(fd: number): void {
  // struct termios of the kernel: four words of flags, then the characters.
  const termios = new Uint8Array(60)
  ioctl(fd, TCGETS, 'TCGETS', termios, '&termios')
  const view = new DataView(termios.buffer)
  view.setUint32(4, view.getUint32(4, true) & ~OPOST, true)
  ioctl(fd, TCSETS, 'TCSETS', termios, '{c_oflag=~OPOST}')
}

/** And stays so, whoever sets it otherwise: ioctl_tty(2), "Locking the termios structure". Takes CAP_SYS_ADMIN. */
export function lockOutput(fd: number): void {
  keepOutput(fd)
  // Laid out as struct termios: a bit that is set here keeps its value there.
  const locks = new Uint8Array(60)
  new DataView(locks.buffer).setUint32(4, OPOST, true)
  ioctl(fd, TIOCSLCKTRMIOS, 'TIOCSLCKTRMIOS', locks, '{c_oflag=OPOST}')
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

/** The other end of a master (Linux 4.13). By its path, as ptsname(3) tells it, one opens whatever lies there by now. @param flags of open(2) */
export function openPeer(master: number, flags: number): number {
  return call('ioctl', 'int ioctl(int, ulong, int)', [
    number(master),
    number(TIOCGPTPEER, 'TIOCGPTPEER'),
    number(flags),
  ])
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
