// A wait, started early. The kernel lets no process fork while another is moved
// between cgroups, by a lock (cgroup_threadgroup_rwsem) whose first writer waits
// for an RCU grace period: 5 to 15 ms on an idle machine. For 15 ms or so after
// that, moves take a tenth of one.
//
// So somebody else asks first, and again while init starts: a thread moves this
// process to where it is already. Nothing changes; the trace does not show it,
// since nothing was asked for. The mount option favordynmods (cgroups(7)) would do
// the same for the whole host and for good, which is not ours to change: as long
// as moves are cheap, every fork(2) on the machine takes a little longer.
//
// Called by create.ts.
import { writeFile } from 'node:fs'
import { join } from 'node:path'
import { hierarchies, ownCgroup } from './hierarchy.ts'

/** Milliseconds between two moves: half of the time that one is good for. */
const interval = 7

/** Returns at once; from some milliseconds later on, until it is disposed of, moves are cheap. */
export function primeMoves(): Disposable {
  const { v2 } = hierarchies()
  let again = v2 !== undefined
  const file = join(v2 ?? '', ownCgroup(), 'cgroup.procs')
  const move = (): void => {
    if (!again) return
    // "0" is whoever writes. Without the right to, it waits later, as it would have.
    writeFile(file, '0', (error) => {
      if (error === null) setTimeout(move, interval).unref()
    })
  }
  move()
  return {
    [Symbol.dispose]: () => {
      again = false
    },
  }
}
