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
// To make a cgroup waits as well, for the one who waits (cgroup_mutex). So
// `tocker-runtime` asks as early as it can.
//
// Called by create.ts, and ahead of it by idle-init.ts.
import { writeFile } from 'node:fs'
import { join } from 'node:path'
import { hierarchies, ownCgroup } from './hierarchy.ts'

/** Milliseconds between two moves: half of the time that one is good for. */
const interval = 7

/** Those that want it now. */
const wanted = new Set<symbol>()
let timer: NodeJS.Timeout | undefined
let asking = 0

/** Returns at once; from some milliseconds later on, until it is disposed of, moves are cheap. */
export function primeMoves(): Disposable {
  const { v2 } = hierarchies()
  const one = Symbol()
  if (v2 !== undefined) {
    wanted.add(one)
    const file = join(v2, ownCgroup(), 'cgroup.procs')
    // At once too for whoever comes second: while code is loaded, no timer of ours runs.
    ask(file)
    timer ??= setInterval(() => ask(file), interval).unref()
  }
  return {
    [Symbol.dispose]: () => {
      wanted.delete(one)
      if (wanted.size === 0) stop()
    },
  }
}

function ask(file: string): void {
  // One that waits, and one more, whose wait begins when that of the first is over.
  if (asking === 2) return
  asking++
  // "0" is whoever writes. Without the right to, it waits later, as it would have.
  writeFile(file, '0', (error) => {
    asking--
    if (error) stop()
  })
}

function stop(): void {
  clearInterval(timer)
  timer = undefined
}
