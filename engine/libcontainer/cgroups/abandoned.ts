// Cgroups of containers whose `tocker run` was killed with SIGKILL: nobody was left
// to remove them, so the next run does.
//
// Called by create.ts. Next: engine/libcontainer/cgroups/cgroup.ts
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { removeDirectory } from '../../syscalls/file.ts'
import { hierarchies } from './hierarchy.ts'
import { defaultParent } from './path.ts'

/** Their names are `PID-id`. rmdir(2) takes empty ones only, so a living one is safe. */
export function removeAbandoned(): void {
  const { v1, v2 } = hierarchies()
  for (const root of new Set([...Object.values(v1), ...(v2 === undefined ? [] : [v2])])) {
    const parent = join(root, defaultParent)
    for (const name of namesIn(parent)) {
      const pid = Number(/^(\d+)-/.exec(name)?.[1] ?? 0)
      if (pid > 0 && !isAlive(pid)) tryRemove(join(parent, name))
    }
  }
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? [entry.name] : [],
    )
  } catch {
    return []
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

function tryRemove(path: string): void {
  try {
    removeDirectory(path)
  } catch {
    // EBUSY: somebody is still in it, or dying. The next run finds it.
  }
}
