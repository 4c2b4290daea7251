// One command at a time for each container: `delete` must not take away what
// `create` is just making.
//
// The lock is flock(2) on the container's directory. The kernel drops it with
// the process, however that ends. Rejected: a file made with O_EXCL, which a
// killed owner leaves behind for ever, and which two who find it stale at the
// same time both steal.
import { closeSync, fstatSync, openSync, statSync } from 'node:fs'
import { EngineError } from '../errors.ts'
import { tryFlock } from '../syscalls/flock.ts'
import { containerDirectory } from './state.ts'

/** A `create` with slow hooks may take its time. */
const patience = 10_000

/**
 * Waits for the container's lock; `using` gives it back.
 * @param milliseconds how long to wait for another command
 * @throws EngineError `not-found` without the container, `conflict` when another command keeps it
 */
export function lockContainer(root: string, id: string, milliseconds = patience): Disposable {
  const directory = containerDirectory(root, id)
  const deadline = Date.now() + milliseconds
  for (;;) {
    const fd = openDirectory(directory)
    if (tryFlock(fd)) {
      // Was it removed, and made anew, while we waited? Then this is a lock on nothing.
      if (statSync(directory, { throwIfNoEntry: false })?.ino === fstatSync(fd).ino)
        return { [Symbol.dispose]: () => closeSync(fd) }
    }
    closeSync(fd)
    if (Date.now() > deadline)
      throw new EngineError('conflict', `container ${id} is busy: another command works on it`)
    // Not LOCK_EX alone, which waits without end and lets no signal through.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
  }
}

function openDirectory(path: string): number {
  try {
    return openSync(path, 'r')
  } catch {
    throw new EngineError('not-found', 'container does not exist')
  }
}
