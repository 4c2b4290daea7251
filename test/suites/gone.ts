// Whether a process is no more.
import { readFileSync } from 'node:fs'

/** It has ended, and is a zombie at the most: its parent may take its time. */
export function isGone(pid: number): boolean {
  try {
    // In one step: between a look whether the file is there and its reading, it may go.
    return /\) [ZXx] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return true
  }
}
