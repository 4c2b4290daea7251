// Standard output and error, and what they are.
//
// Written at once, by descriptor: what process.stdout still has in its queue is lost when
// the process ends, and merely looking at it loads Node's sockets, 5 ms of a start of 50.
import { fstatSync, writeSync } from 'node:fs'

export interface Streams {
  out(text: string | Uint8Array): void
  err(text: string | Uint8Array): void
  /** Size of the terminal that standard output (or error: 2) is; undefined for a file or a pipe. */
  terminal(fd?: 1 | 2): { columns: number; rows: number } | undefined
}

export const standardStreams: Streams = {
  out: (text) => write(1, text),
  err: (text) => write(2, text),
  terminal: (fd = 1) => {
    if (!mayBeTerminal(fd)) return undefined
    const { isTTY, columns, rows } = fd === 1 ? process.stdout : process.stderr
    if (!isTTY) return undefined
    // A terminal that does not say how large it is says 0.
    return { columns: columns || 80, rows: rows || 24 }
  },
}

/** Terminals are character devices: only for one of those is it worth loading what can ask further. */
function mayBeTerminal(fd: number): boolean {
  try {
    return fstatSync(fd).isCharacterDevice()
  } catch {
    // EBADF: closed by whoever started us.
    return false
  }
}

/** SIGPIPE: what the shell sees of a program that wrote to nobody. */
const brokenPipe = 128 + 13

function write(fd: 1 | 2, text: string | Uint8Array): void {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : ''
      // Nobody reads what we print, and may never again: `tocker logs -f web | head -1` is over.
      if (code === 'EPIPE' && fd === 1) process.exit(brokenPipe)
      // A pipe that its reader made non-blocking is full.
      if (code !== 'EAGAIN') return
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    }
  }
}
