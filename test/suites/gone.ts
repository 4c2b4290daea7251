// Whether a process is no more.
import { readdirSync, readFileSync } from 'node:fs'

/** It has ended, with all its threads, and is a zombie at the most: its parent may take its time. */
export function isGone(pid: number): boolean {
  try {
    // In one step: between a look whether the file is there and its reading, it may go.
    const hasEnded = /\) [ZXx] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    // The first thread of one that was killed may be the first to go: the others still hold what was open.
    return hasEnded && readdirSync(`/proc/${pid}/task`).length <= 1
  } catch {
    return true
  }
}
