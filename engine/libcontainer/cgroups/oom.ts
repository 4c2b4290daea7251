// Watching for the moment when memory runs out inside a cgroup.
//
// Called by v1.ts and v2.ts, for `events`. Next: engine/libcontainer/cgroups/v1.ts
import { existsSync, watch } from 'node:fs'
import { join } from 'node:path'
import type { OomWatcher } from './cgroup.ts'
import { processesIn } from './members.ts'
import { readIfThere } from './setting.ts'
import { readTable } from './stats.ts'

/**
 * v2 makes a "modified" event on memory.events when a counter in it rises, and on
 * cgroup.events when the last process leaves: inotify(7) hears both, and nobody
 * has to ask. Watch first, then read: what happens between is not lost.
 */
export function watchOomV2(path: string, { onOom, onEnd }: OomWatcher): Disposable {
  let kills = 0
  let ended = false
  const look = (): void => {
    if (ended) return
    const now = oomKillsV2(path)
    if (now > kills) onOom(now)
    kills = Math.max(kills, now)
    // Read once more after the last one left: its death may have been the event.
    if (/^populated 1$/m.test(readIfThere(path, 'cgroup.events') ?? '')) return
    stop()
    onEnd()
  }
  const watchers = ['memory.events', 'cgroup.events']
    .map((file) => join(path, file))
    // Without the memory controller there is no memory.events, and no OOM of this cgroup.
    .filter((file) => existsSync(file))
    .map((file) => watch(file, look))
  const stop = (): void => {
    ended = true
    for (const watcher of watchers) watcher.close()
  }
  kills = oomKillsV2(path)
  // Not from inside this call: the caller has nothing to dispose of yet.
  setImmediate(look)
  return { [Symbol.dispose]: stop }
}

/** Documentation/admin-guide/cgroup-v2.rst, "memory.events". */
export function oomKillsV2(path: string): number {
  return readTable(path, 'memory.events').oom_kill ?? 0
}

/**
 * v1 tells through an eventfd(2) whose number is written to cgroup.event_control.
 * We look at memory.oom_control ten times a second instead: reading an eventfd
 * blocks one of Node's few worker threads until something happens, which nothing
 * can end early; and it does not say when the last process is gone. A tenth of a
 * second late is early enough for those who want to know (a log line, a restart).
 */
export function watchOomV1(path: string, { onOom, onEnd }: OomWatcher): Disposable {
  let kills = oomKillsV1(path)
  let under = false
  const timer = setInterval(() => {
    const table = readTable(path, 'memory.oom_control')
    const now = table.oom_kill ?? kills
    // With the OOM killer disabled nobody is killed; all just wait.
    const isUnder = table.under_oom === 1 && table.oom_kill_disable === 1
    if (now > kills || (isUnder && !under)) onOom(now)
    kills = now
    under = isUnder
    if (processesIn(path, true).length > 0) return
    clearInterval(timer)
    onEnd()
  }, 100)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

/** Documentation/admin-guide/cgroup-v1/memory.rst, "OOM Control"; the counter is there since Linux 4.13. */
export function oomKillsV1(path: string): number {
  return readTable(path, 'memory.oom_control').oom_kill ?? 0
}
