// Ctrl-C in the middle of work: the work is told, undoes what it can, and the verb ends
// with 128 + the signal, as a program that the signal had ended.
//
// For verbs that have something to undo here: a file half written, a tree half made. The
// others end by the signal itself, and the daemon sees the connection go.
//
// Whoever does not listen has a second; then the signal does what it does to any program.
import { constants } from 'node:os'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const grace = 1000

/** Runs work that can be interrupted. @returns its status, or that of a signal: 130 for Ctrl-C */
export async function interruptible(work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const controller = new AbortController()
  let first: NodeJS.Signals | undefined
  const release = (): void => {
    for (const signal of signals) process.off(signal, onSignal)
  }
  const end = (signal: NodeJS.Signals): void => {
    release()
    process.kill(process.pid, signal)
  }
  const onSignal = (signal: NodeJS.Signals): void => {
    // The second one means it.
    if (first !== undefined) {
      end(signal)
      return
    }
    first = signal
    controller.abort(new Error(`interrupted by ${signal}`))
    setTimeout(() => end(signal), grace).unref()
  }
  for (const signal of signals) process.on(signal, onSignal)
  try {
    return await work(controller.signal)
  } catch (error) {
    // Whatever it says of a stream that broke off: the reason was the signal.
    if (first !== undefined) return 128 + constants.signals[first]
    throw error
  } finally {
    release()
  }
}
