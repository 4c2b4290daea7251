// One process at a time for one data-root: two that write layers and names side by side
// would each believe in a state that the other has changed.
//
// flock(2), held for the life of the process: the kernel lets go of it, however that
// life ends, kill -9 included. A file made with O_EXCL would outlive its maker, and
// somebody would have to guess whether its PID is still the same process.
//
// Called by graph.ts.
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { EngineError } from '../errors.ts'
import { tryFlock } from '../syscalls/flock.ts'

/**
 * @param root the data-root, which is there
 * @param milliseconds how long to wait for another process: a command line takes seconds, a daemon forever
 * @throws EngineError `conflict`: `in use by PID 4711 (tockerd)`
 */
export async function lockRoot(root: string, milliseconds = 0): Promise<Disposable> {
  const path = join(root, 'lock')
  const deadline = Date.now() + milliseconds
  const fd = openLock(path)
  try {
    // Not LOCK_EX without LOCK_NB: it waits without end, and stops the event loop with it.
    while (!tryFlock(fd)) {
      if (Date.now() >= deadline) throw new EngineError('conflict', `${root} is in use by ${holder(path)}`)
      await sleep(Math.min(25, deadline - Date.now()))
    }
    // For whoever comes and finds it locked.
    ftruncateSync(fd)
    writeSync(fd, `${process.pid} ${process.title}\n`, 0)
  } catch (error) {
    closeSync(fd)
    throw error
  }
  return { [Symbol.dispose]: () => closeSync(fd) }
}

function openLock(path: string): number {
  try {
    return openSync(path, 'a+', 0o600)
  } catch (cause) {
    throw new EngineError('unavailable', `open the lock ${path}`, { cause })
  }
}

function holder(path: string): string {
  const pid = /^(\d+) /.exec(readFileSync(path, 'utf8'))?.[1]
  // Between its lock and its first line, what stands there is of somebody who is dead.
  const command = pid === undefined ? undefined : commandOf(pid)
  return command === undefined ? 'another process' : `PID ${pid} (${command})`
}

/** The command line as `ps` shows it, in one line of sane length. @returns undefined when there is no such process */
function commandOf(pid: string): string | undefined {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean)
    const line = words.join(' ').replace(/\s+/g, ' ')
    return line.length > 100 ? `${line.slice(0, 100)}…` : line || undefined
  } catch {
    return undefined
  }
}
