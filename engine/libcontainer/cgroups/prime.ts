// A wait, started early. The kernel lets no process fork while another is moved
// between cgroups, by a lock (cgroup_threadgroup_rwsem) whose first writer waits
// for an RCU grace period: 8 to 15 ms on an idle machine. For some milliseconds
// after that, moves take a tenth of one.
//
// So somebody else asks first: a thread moves this process to where it is already,
// while init starts. Nothing changes; the trace does not show it, since nothing
// was asked for. The mount option favordynmods (cgroups(7)) would do the same for
// the whole host, which is not ours to change.
//
// Called by create.ts.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hierarchies, ownCgroup } from './hierarchy.ts'

/** Returns at once. */
export function primeMoves(): void {
  const { v2 } = hierarchies()
  if (v2 === undefined) return
  // "0" is whoever writes. Without the right to, it waits later, as it would have.
  writeFile(join(v2, ownCgroup(), 'cgroup.procs'), '0').catch(() => {})
}
