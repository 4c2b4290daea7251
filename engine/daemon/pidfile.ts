// The daemon's pidfile: for whoever starts and stops it, and against a second one.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { EngineError } from '../errors.ts'

/** @throws EngineError `conflict` while the process that wrote it lives */
export function writePidfile(path: string): Disposable {
  const owner = Number(read(path))
  if (owner > 0 && owner !== process.pid && isDaemon(owner))
    throw new EngineError(
      'conflict',
      `process ${owner} runs already, says ${path}: stop it first, or give this one another --pidfile, --data-root and --exec-root`,
    )
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${process.pid}\n`)
  return { [Symbol.dispose]: () => rmSync(path, { force: true }) }
}

/** The number may be somebody else's by now. */
function isDaemon(pid: number): boolean {
  return read(`/proc/${pid}/cmdline`).includes('tockerd')
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
