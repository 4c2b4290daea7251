// Who is in a cgroup, ending them, and removing what is left: the same on both versions.
//
// Called by v1.ts and v2.ts. Next: engine/libcontainer/cgroups/freezer.ts
import { readdirSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { EngineError } from '../../errors.ts'
import { readKernelFile, removeDirectory, writeKernelFile } from '../../syscalls/file.ts'
import { defaultParent } from './path.ts'
import { codeOf } from './setting.ts'

/** Nothing else can happen meanwhile: callers are between two writes that belong together. */
export function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}

/**
 * Looks again and again, with longer and longer breaks (1 ms to 50), until it is true.
 * @returns false when it was not in time
 */
export function waitUntil(isTrue: () => boolean, milliseconds: number): boolean {
  const deadline = Date.now() + milliseconds
  for (let pause = 1; !isTrue(); pause = Math.min(pause * 2, 50)) {
    if (Date.now() > deadline) return false
    sleep(pause)
  }
  return true
}

/** Its directories are the cgroups below. */
function childrenOf(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => join(path, name))
  } catch {
    // ENOENT: it went away, and all below with it.
    return []
  }
}

/** Process numbers in a cgroup; empty when there is none. */
export function processesIn(path: string, recursive: boolean): number[] {
  const below = recursive ? childrenOf(path).flatMap((child) => processesIn(child, true)) : []
  return [...readNumbers(path), ...below]
}

function readNumbers(path: string): number[] {
  // In a threaded cgroup cgroup.procs cannot be read (EOPNOTSUPP); a thread's
  // number does as well for kill(2).
  for (const file of ['cgroup.procs', 'cgroup.threads']) {
    try {
      return readKernelFile(join(path, file)).split('\n').filter(Boolean).map(Number)
    } catch (error) {
      if (codeOf(error) !== 'EOPNOTSUPP' && codeOf(error) !== 'ENOTSUP') return []
    }
  }
  return []
}

/** Puts a process into a cgroup. */
export function joinCgroup(path: string, pid: number): void {
  for (let attempt = 1; ; attempt++) {
    try {
      writeKernelFile(join(path, 'cgroup.procs'), String(pid))
      return
    } catch (cause) {
      // EINVAL: the process is so new that the scheduler does not know it yet.
      if (codeOf(cause) === 'EINVAL' && attempt < 5) sleep(10)
      else throw new EngineError('internal', `put process ${pid} into the cgroup ${path}`, { cause })
    }
  }
}

/** kill(2) to each. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals | number): void {
  const nr = typeof signal === 'number' ? signal : constants.signals[signal]
  for (const pid of pids) {
    // A process of another PID namespace, which this one cannot see, is listed as 0: and 0 would be us.
    if (pid <= 0) continue
    try {
      process.kill(pid, nr)
    } catch (error) {
      // ESRCH: it ended by itself.
      if (codeOf(error) !== 'ESRCH')
        throw new EngineError('forbidden', `send signal ${nr} to ${pid}`, { cause: error })
    }
  }
}

/**
 * SIGKILL until nobody is found. Frozen meanwhile, if that can be, since a fork bomb
 * otherwise makes processes faster than they are listed.
 * @param freezer stops and lets go those that are found
 */
export function endAll(
  find: () => number[],
  freezer: { freeze(): void; thaw(): void } | undefined,
  place: string,
): void {
  const ended = waitUntil(() => {
    if (find().length === 0) return true
    try {
      freezer?.freeze()
    } catch {
      // Some are faster than the freezer: signals alone, then.
    }
    signalAll(find(), 'SIGKILL')
    try {
      // SIGKILL reaches a frozen process of v1 only after this.
      freezer?.thaw()
    } catch {
      // Somebody else has ended them too, and removed the cgroup: the next look finds nobody.
    }
    return false
  }, 10_000)
  if (!ended)
    throw new EngineError(
      'internal',
      `end the processes of ${place}: ${find().join(', ')} do not die (state D in ps(1): they wait for a device)`,
    )
}

/**
 * rmdir(2), from below. A cgroup's files cannot be deleted and need not be; the
 * kernel says EBUSY until it has finished with the last process, a few milliseconds.
 */
export function removeTree(path: string): void {
  let last: unknown
  const removed = waitUntil(() => {
    try {
      for (const child of childrenOf(path)) removeTree(child)
      removeDirectory(path)
      return true
    } catch (error) {
      last = error
      if (codeOf(error) === 'ENOENT') return true
      if (codeOf(error) === 'EBUSY' || codeOf(error) === 'ENOTEMPTY') return false
      throw new EngineError('internal', `remove the cgroup ${path}`, { cause: error })
    }
  }, 5000)
  if (!removed) throw new EngineError('internal', `remove the cgroup ${path}`, { cause: last })
}

/** The parents that we made, up to /tocker itself, once they are empty. */
export function removeEmptyParents(path: string): void {
  for (let parent = dirname(path); `${parent}/`.includes(`${defaultParent}/`); parent = dirname(parent)) {
    try {
      removeDirectory(parent)
    } catch {
      // EBUSY: others are still there.
      return
    }
  }
}
