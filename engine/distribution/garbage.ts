// Less work for the garbage collector while layers pass through.
//
// Every piece of a layer is a buffer outside of V8's heap, of 64 KB to 1 MB, that is dead
// a moment later. V8 has a limit of its own for such memory, just above what was there
// last, and marks the whole heap each time it is reached: for 200 MB, thirty times. On two
// cores that took a third of all the time of a pull. With outside memory counted together
// with the heap it is six to twelve times, for some ten megabytes more.
//
// Rejected: buffers that are used again and again. Streams hand them on, to zlib and to
// the kernel, and nobody can say when the last one is done.
import { setFlagsFromString } from 'node:v8'

let done = false

/** For the whole process; more than once is once. */
export function collectLess(): void {
  if (!done) setFlagsFromString('--external-memory-accounted-in-global-limit')
  done = true
}
