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
import { closeSync, constants, fchownSync, fstatSync } from 'node:fs'
import { EngineError, SyscallError } from '../errors.ts'
import { DEVPTS_SUPER_MAGIC, fileSystemOf } from '../syscalls/file.ts'
import { RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS, RESOLVE_NO_XDEV } from '../syscalls/flags.ts'
import { cloneTree, moveMount } from '../syscalls/mount.ts'
import { O_PATH, openat2 } from '../syscalls/open.ts'
import { sendFds } from '../syscalls/socket.ts'
import {
  dup2,
  openPeer,
  resizeTerminal,
  setsid,
  takeTerminal,
  terminalNumber,
  unlockTerminal,
} from '../syscalls/terminal.ts'
import type { Process } from './config/process.ts'
import { resolveInRoot } from './resolve.ts'

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
  const { slave } = makeTerminal(process, console.socket)
  takeTerminal(slave)
  for (const standard of [0, 1, 2]) dup2(slave, standard)
  if (console.mount) showConsole(slave)
  closeSync(slave)
}

/**
 * Shows the terminal as /dev/console: the one that is open, on the file that is open. By paths,
 * whoever makes a link of /dev/pts/0 has a file of /proc mounted there instead, before any is
 * masked (CVE-2025-52565); and a link at /dev/console would have something else covered.
 */
function showConsole(slave: number): void {
  using directory = resolveInRoot('/', '/dev', { create: false })
  const target = consoleFile(directory.fd)
  const tree = cloneTree(slave, false)
  try {
    moveMount(tree, target, '/dev/console')
  } finally {
    closeSync(tree)
    closeSync(target)
  }
}

/** Only to have something to mount on: an image's file stays as it is. */
function consoleFile(directory: number): number {
  const open = (flags: number): number =>
    openat2(
      directory,
      'console',
      flags | constants.O_NOFOLLOW,
      RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
      flags & constants.O_CREAT ? 0o666 : 0,
    )
  let file: number
  try {
    file = open(O_PATH)
  } catch (error) {
    if (!(error instanceof SyscallError && error.code === 'ENOENT')) throw error
    file = open(constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY)
  }
  const info = fstatSync(file)
  // O_PATH opens a link itself.
  if (!info.isSymbolicLink() && !info.isDirectory()) return file
  closeSync(file)
  throw new EngineError('conflict', '/dev/console of the image is a link or a directory')
}

/**
 * A terminal of the container's; its master is on its way.
 * @returns its other end, open, so that it stays; and the path of that
 */
function makeTerminal({ user, consoleSize }: Process, socket: number): { path: string; slave: number } {
  const flags = constants.O_RDWR | constants.O_NOCTTY
  const master = openMaster(flags)
  unlockTerminal(master)
  const slave = openPeer(master, flags | O_CLOEXEC)
  if (consoleSize && consoleSize.height > 0)
    resizeTerminal(master, { rows: consoleSize.height, columns: consoleSize.width })
  // Its user may want to open it again, as /dev/stdout for one.
  if (user.uid !== 0) fchownSync(slave, user.uid, -1)
  const path = `/dev/pts/${terminalNumber(master)}`
  sendFds(socket, [master], '/dev/pts/ptmx')
  closeSync(master)
  closeSync(socket)
  return { path, slave }
}

const O_CLOEXEC = 0o2000000

/**
 * Whoever is in the container may have put another file in its place, or a terminal of which
 * they hold the other end: a devpts has one file of this name, and the kernel has made it.
 */
function openMaster(flags: number): number {
  using directory = resolveInRoot('/', '/dev/pts', { create: false })
  if (fileSystemOf(directory.fd) !== DEVPTS_SUPER_MAGIC)
    throw new EngineError('forbidden', '/dev/pts is no devpts')
  return openat2(directory.fd, 'ptmx', flags, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV)
}
