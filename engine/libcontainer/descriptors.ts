// Which descriptors init is born with. Their order is fixed: what the caller
// wants kept comes first, since its numbers are the caller's.
//
//   0 1 2        the container's standard input, output and error
//   3 …          kept: --preserve-fds, and the sockets of LISTEN_FDS
//   then         the socket to the host's half, FIFO go, FIFO result, console
//
// Called by create.ts and exec.ts.
import type { StdioOptions } from 'node:child_process'
import { closeSync, constants, openSync } from 'node:fs'
import { join } from 'node:path'
import { EngineError } from '../errors.ts'
import { makeFifo } from '../syscalls/file.ts'
import { connectUnix } from '../syscalls/socket.ts'
import { listenFds } from './execute.ts'
import type { Descriptors } from './handshake.ts'

export interface Layout extends Disposable {
  /** For spawn(): what init inherits. */
  stdio: StdioOptions
  /** Number of the socket to the host's half, in init. */
  channel: number
  descriptors: Descriptors
  /** For a warm init: what it is passed, in this order. */
  open: number[]
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
  /** Sources of idmapped mounts, by index in `mounts`; closed with the rest. */
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
  const entries: (number | 'pipe')[] = [...(options.stdio ?? [0, 1, 2]), ...kept]
  const next = (entry: number | 'pipe'): number => entries.push(entry) - 1
  const channel = passed ? 0 : next('pipe')
  const descriptors: Descriptors = { keep: kept.length }
  if (fifos !== undefined)
    for (const name of ['go', 'result'] as const) descriptors[name] = next(keep(openFifo(join(fifos, name))))
  if (console !== undefined)
    descriptors.console = next(typeof console === 'number' ? console : keep(connectConsole(console)))
  for (const [index, fd] of Object.entries(options.trees ?? {}))
    descriptors.trees = { ...descriptors.trees, [index]: next(keep(fd)) }
  if (passed) descriptors.passed = entries.length
  const close = opened.move()
  return {
    stdio: entries,
    open: entries.filter((entry) => entry !== 'pipe'),
    listenEnv: listen.env,
    ...{ channel, descriptors },
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
