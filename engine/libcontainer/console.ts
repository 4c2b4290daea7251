// The container's terminal. It comes from the container's own /dev/pts, so that
// tty(1) in there tells a path that exists; its master goes, over a socket, to
// whoever plays keyboard and screen: podman's conmon, containerd's shim, or
// terminal-relay.ts.
//
//   container            kernel               manager
//   0,1,2 = slave  <--->  pty(7)  <--->  master (sent with SCM_RIGHTS)
//
// Runs in init, inside the container's mount namespace.
// OCI runtime specification, config.md "Process": terminal, consoleSize.
import { closeSync, constants, fchownSync, openSync, writeFileSync } from 'node:fs'
import { EngineError } from '../errors.ts'
import { MS_BIND } from '../syscalls/flags.ts'
import { mount } from '../syscalls/mount.ts'
import { sendFds } from '../syscalls/socket.ts'
import {
  dup2,
  resizeTerminal,
  setsid,
  takeTerminal,
  terminalNumber,
  unlockTerminal,
} from '../syscalls/terminal.ts'
import type { Process } from './config/process.ts'

export interface ConsoleOptions {
  /** Connected to whoever wants the master. */
  socket: number
  /** Show it as /dev/console: for the container's first process. */
  mount: boolean
}

/** A session of its own, and, where the process wants one, a terminal as its descriptors 0 to 2. */
export function openSession(process: Process, console: ConsoleOptions | undefined): void {
  // From here on no key of the caller's terminal reaches us: not by Ctrl-C, and
  // not by TIOCSTI, which would push keys into it.
  setsid()
  if (console !== undefined) orSay(() => openTerminal(process, console))
}

/** For a child that opens it as the first of its session (midwife.ts). @returns its path */
export function terminalForChild(process: Process, socket: number): string {
  return orSay(() => makeTerminal(process, socket)).path
}

function orSay<T>(open: () => T): T {
  try {
    return open()
  } catch (cause) {
    throw new EngineError('unavailable', 'open a terminal (is devpts mounted on /dev/pts?)', { cause })
  }
}

function openTerminal(process: Process, console: ConsoleOptions): void {
  const { path, slave } = makeTerminal(process, console.socket)
  takeTerminal(slave)
  for (const standard of [0, 1, 2]) dup2(slave, standard)
  closeSync(slave)
  if (console.mount) {
    // Only to have something to mount on: append, so that an image's file stays as it is.
    writeFileSync('/dev/console', '', { flag: 'a', mode: 0o666 })
    mount({ source: path, target: '/dev/console', type: 'bind', flags: MS_BIND })
  }
}

/**
 * A terminal of the container's; its master is on its way.
 * @returns the path of its other end, which is open, so that it stays
 */
function makeTerminal({ user, consoleSize }: Process, socket: number): { path: string; slave: number } {
  const flags = constants.O_RDWR | constants.O_NOCTTY
  const master = openSync('/dev/pts/ptmx', flags)
  unlockTerminal(master)
  const path = `/dev/pts/${terminalNumber(master)}`
  const slave = openSync(path, flags)
  if (consoleSize && consoleSize.height > 0)
    resizeTerminal(master, { rows: consoleSize.height, columns: consoleSize.width })
  // Its user may want to open it again, as /dev/stdout for one.
  if (user.uid !== 0) fchownSync(slave, user.uid, -1)
  sendFds(socket, [master], '/dev/pts/ptmx')
  closeSync(master)
  closeSync(socket)
  return { path, slave }
}
