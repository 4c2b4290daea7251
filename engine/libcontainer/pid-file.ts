// `--pid-file`: where a manager finds the number of the process that it asked for.
//
// Called by create.ts and run.ts.
import { renameSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** Beside, then renamed: who waits for the file never reads half a number. */
export function writePidFile(path: string, pid: number): void {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}`)
  writeFileSync(temporary, String(pid))
  renameSync(temporary, path)
}
