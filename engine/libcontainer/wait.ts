// How a container's process ended.
//
// Usually it is our child. An init that was born by way of a stepping stone is an
// orphan instead: we adopt it as a subreaper, prctl(2).
//
// Called by run.ts, for containers and exec in the foreground.
import { adoptOrphans } from '../syscalls/process.ts'
import type { Birth } from './birth.ts'
import { Child } from './child.ts'

/** To be called before giveBirth(): whoever becomes an orphan earlier goes to somebody else. */
export function prepareToWait(): void {
  adoptOrphans()
}

/** Resolves with the exit status, or 128 + signal. @param pid of init */
export function waitForEnd({ child, steppingStone }: Birth, pid: number): Promise<number> {
  return (steppingStone ? new Child(pid) : child).ended()
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
