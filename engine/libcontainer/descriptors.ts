// Which descriptors init is born with. Their order is fixed: what the caller
// wants kept comes first, since its numbers are the caller's.
//
//   0 1 2        the container's standard input, output and error
//   3 …          kept: --preserve-fds, and the sockets of LISTEN_FDS
//   then         the socket to the host's half, FIFO go, FIFO result, console
//
// An init that was there before them gets them over a second socket (idle-init.ts).
//
// Called by create.ts and exec.ts; takeDescriptors() by init.ts and midwife.ts.
import { closeSync, constants, openSync } from 'node:fs'
import { join } from 'node:path'
import { EngineError } from '../errors.ts'
import { makeFifo } from '../syscalls/file.ts'
import { connectUnix, receiveFds, socketpair } from '../syscalls/socket.ts'
import { dup2 } from '../syscalls/terminal.ts'
import { listenFds } from './execute.ts'
import type { Descriptors } from './handshake.ts'

export interface Layout extends Disposable {
  /** What init is born with, or passed when it is warm: by number in init, or place. */
  open: number[]
  /** The socket between the halves: its number in init, and our end, which whoever speaks on it closes. A warm init has one. */
  channel?: { there: number; ours: number }
  descriptors: Descriptors
  /** What the container is to know of sockets that came with LISTEN_FDS. */
  listenEnv: string[]
}

export interface LayoutOptions {
  /** Where the FIFOs are to be made; left out for exec, which has none. */
  fifos?: string
  /** A socket that takes the master of the terminal: its path, or open already. */
  console?: string | number
  preserveFds?: number
  /** Descriptors that become 0 to 2; left out, our own. */
  stdio?: readonly [number, number, number]
  /** Sources of mounts that init may not open itself, by index in `mounts`; closed with the rest. */
  trees?: Readonly<Record<number, number>>
  /** For an init that is there already: nothing is inherited, all is passed. */
  passed?: boolean
}

/** Opens what has to be open. Disposing closes our copies, once init has its own. */
export function layOut(options: LayoutOptions): Layout {
  const { fifos, console, preserveFds = 0, passed = false } = options
  using opened = new DisposableStack()
  const keep = (fd: number): number => {
    opened.defer(() => closeSync(fd))
    return fd
  }
  const listen = listenFds(process.env, process.pid)
  const kept = Array.from({ length: preserveFds + listen.count }, (_, index) => 3 + index)
  const open = [...(options.stdio ?? [0, 1, 2]), ...kept]
  const next = (fd: number): number => open.push(fd) - 1
  const pair = passed ? undefined : socketpair()
  const channel = pair && { ours: pair[0], there: next(keep(pair[1])) }
  using ours = new DisposableStack()
  if (channel) ours.defer(() => closeSync(channel.ours))
  const descriptors: Descriptors = { keep: kept.length }
  if (fifos !== undefined)
    for (const name of ['go', 'result'] as const) descriptors[name] = next(keep(openFifo(join(fifos, name))))
  if (console !== undefined)
    descriptors.console = next(typeof console === 'number' ? console : keep(connectConsole(console)))
  for (const [index, fd] of Object.entries(options.trees ?? {}))
    descriptors.trees = { ...descriptors.trees, [index]: next(keep(fd)) }
  if (passed) descriptors.passed = open.length
  ours.move()
  const close = opened.move()
  return {
    listenEnv: listen.env,
    ...{ open, descriptors },
    ...(channel ? { channel } : {}),
    [Symbol.dispose]: () => close.dispose(),
  }
}

/** Both ways, so that opening waits for nobody, and reading does not end when a writer does. */
function openFifo(path: string): number {
  makeFifo(path, 0o600)
  return openSync(path, constants.O_RDWR)
}

function connectConsole(path: string): number {
  try {
    return connectUnix(path)
  } catch (cause) {
    throw new EngineError('not-found', `connect to the console socket ${path}`, { cause })
  }
}

/** Descriptors that came later than we did: the first three become 0 to 2, the others get the numbers that the kernel gave. */
export function takeDescriptors(socket: number, fds: Descriptors): void {
  const places: number[] = []
  while (places.length < (fds.passed ?? 0)) {
    const more = receiveFds(socket)
    if (more.length === 0) process.exit(1)
    places.push(...more)
  }
  const at = (place: number): number => places[place] ?? -1
  closeSync(socket)
  for (const standard of [0, 1, 2]) {
    dup2(at(standard), standard)
    closeSync(at(standard))
  }
  if (fds.go !== undefined) fds.go = at(fds.go)
  if (fds.result !== undefined) fds.result = at(fds.result)
  if (fds.console !== undefined) fds.console = at(fds.console)
  for (const [index, place] of Object.entries(fds.trees ?? {}))
    fds.trees = { ...fds.trees, [index]: at(place) }
}
