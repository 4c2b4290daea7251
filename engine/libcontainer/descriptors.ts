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
import type { Descriptors } from './handshake.ts'

export interface Layout extends Disposable {
  stdio: StdioOptions
  /** Number of the socket, in init. */
  channel: number
  descriptors: Descriptors
  /** Numbers of the FIFOs in init; 0 when there are none. */
  go: number
  result: number
  /** What a warm init is passed, in this order: its `descriptors`, `go` and `result` are places in here. */
  open: number[]
}

export interface LayoutOptions {
  /** Where the FIFOs are to be made; left out for exec, which has none. */
  fifos?: string
  /** A socket that takes the master of the terminal: its path, or open already. */
  console?: string | number
  preserveFds?: number
  /** Descriptors that become 0 to 2; left out, our own. */
  stdio?: readonly [number, number, number]
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
  const listen = Number(process.env.LISTEN_FDS ?? 0) || 0
  const kept = Array.from({ length: preserveFds + listen }, (_, index) => 3 + index)
  const entries: (number | 'pipe')[] = [...(options.stdio ?? [0, 1, 2]), ...kept]
  const next = (entry: number | 'pipe'): number => entries.push(entry) - 1
  const channel = passed ? 0 : next('pipe')
  const [go = 0, result = 0] =
    fifos === undefined ? [] : ['go', 'result'].map((name) => next(keep(openFifo(join(fifos, name)))))
  const socket =
    console === undefined
      ? undefined
      : next(typeof console === 'number' ? console : keep(connectConsole(console)))
  const close = opened.move()
  return {
    stdio: entries,
    open: entries.filter((entry) => entry !== 'pipe'),
    ...{ channel, go, result },
    descriptors: {
      keep: kept.length,
      ...(listen > 0 ? { listen } : {}),
      ...(socket === undefined ? {} : { console: socket }),
      ...(passed ? { passed: entries.length } : {}),
    },
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
