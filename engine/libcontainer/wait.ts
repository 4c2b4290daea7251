// How a container's process ended.
//
// Node tells of its own children. An init that was born by way of a stepping
// stone is an orphan instead: we adopt it as a subreaper, prctl(2), and ask
// waitpid(2) whenever a SIGCHLD says that something of ours ended.
//
// Called by run.ts, for containers and exec in the foreground.
import { constants } from 'node:os'
import { adoptOrphans, waitNoHang } from '../syscalls/process.ts'
import type { Birth } from './birth.ts'

/** To be called before giveBirth(): whoever becomes an orphan earlier goes to somebody else. */
export function prepareToWait(): void {
  adoptOrphans()
}

/** Resolves with the exit status, or 128 + signal. */
export function waitForEnd({ child, steppingStone }: Birth, pid: number): Promise<number> {
  if (steppingStone) return waitForOrphan(pid)
  const status = (code: number | null, signal: NodeJS.Signals | null): number =>
    signal === null ? (code ?? 1) : 128 + constants.signals[signal]
  if (child.exitCode !== null || child.signalCode !== null)
    return Promise.resolve(status(child.exitCode, child.signalCode))
  child.ref()
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve(status(code, signal))))
}

function waitForOrphan(pid: number): Promise<number> {
  return new Promise((resolve, reject) => {
    // Signal handlers alone keep no program running, and ours must not end before the orphan.
    const alive = setInterval(() => look(), 60_000)
    const stop = (): void => {
      clearInterval(alive)
      process.off('SIGCHLD', look)
    }
    const look = (): void => {
      try {
        const status = waitNoHang(pid)
        if (status === undefined) return
        stop()
        resolve(status)
      } catch (error) {
        stop()
        reject(error)
      }
    }
    process.on('SIGCHLD', look)
    look()
  })
}

/** Signals to us are meant for the container's process. */
export function forwardSignals(pid: number): Disposable {
  const signals = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGCONT'] as const
  const forward = (signal: NodeJS.Signals): void => {
    try {
      process.kill(pid, signal)
    } catch {
      // ESRCH: it has just ended, and we shall hear of it.
    }
  }
  for (const signal of signals) process.on(signal, forward)
  return {
    [Symbol.dispose]: () => {
      for (const signal of signals) process.off(signal, forward)
    },
  }
}
