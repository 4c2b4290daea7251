// Where `load` and `import` read: a file, or standard input, sent to the daemon as it comes.
import { createReadStream, fstatSync, statSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { EngineError } from '../errors.ts'

/**
 * @param path left out: standard input
 * @throws EngineError for a file that is none, and a terminal, on which nobody types an archive
 */
export function readFrom(path: string | undefined, verb: string): Readable {
  return path === undefined ? standardInput(verb) : openFile(path)
}

function openFile(path: string): Readable {
  const info = statSync(path, { throwIfNoEntry: false })
  if (!info) throw new EngineError('not-found', `open ${path}: no such file or directory`)
  if (info.isDirectory()) throw new EngineError('invalid', `${path} is a directory: name an archive`)
  return createReadStream(path)
}

function standardInput(verb: string): Readable {
  if (isClosed()) throw new EngineError('invalid', 'standard input is closed')
  if (process.stdin.isTTY)
    throw new EngineError(
      'invalid',
      `requested ${verb} from stdin, but stdin is a terminal: name a file, or redirect`,
    )
  return process.stdin
}

function isClosed(): boolean {
  try {
    fstatSync(0)
    return false
  } catch {
    return true
  }
}
