// A lock for the whole machine: between "this subnet is free" and the bridge that has it,
// no other tockerd may look. It is held for as long as a bridge takes to be made, and
// never for the start of a container.
//
// Called when a network gets its interfaces.
import { closeSync, openSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { EngineError } from '../../errors.ts'
import { tryFlock } from '../../syscalls/flock.ts'

const path = '/run/tocker-network.lock'
/** Milliseconds: whoever holds it longer is stuck. */
const patience = 30_000

export async function withMachineLock<T>(work: () => Promise<T>): Promise<T> {
  const file = openSync(path, 'a', 0o600)
  try {
    for (const end = Date.now() + patience; !tryFlock(file); await sleep(5))
      if (Date.now() > end)
        throw new EngineError('unavailable', `another tockerd makes a network, and does not finish (${path})`)
    return await work()
  } finally {
    closeSync(file)
  }
}
