// Where a writer leaves finished files for a reader that follows: rotate.ts has the drawing.
//
//   web-json.log.readers/
//     4711-88213-0/        one reader: its pid, when that process began, a number
//       00000017           a hard link to a file that was finished while it reads
import { mkdirSync, readdirSync, rmdirSync, rmSync, statSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { EngineError, hasCode } from '../../errors.ts'
import { identify, isAlive } from '../../libcontainer/process-identity.ts'

/** The writer's view of one. */
interface Slot {
  /** The name for the finished file of this number. */
  place(number: number): string
}

/** All that belong to living readers; the others go. */
export async function mailboxes(path: string): Promise<Slot[]> {
  const directory = directoryOf(path)
  const names = await readdir(directory).catch(() => [])
  const slots: Slot[] = []
  for (const name of names) {
    const [pid = 0, startTime = 0] = name.split('-').map(Number)
    if (isAlive({ pid, startTime }))
      slots.push({ place: (number) => join(directory, name, numbered(number)) })
    else await rm(join(directory, name), { recursive: true, force: true })
  }
  return slots
}

function directoryOf(path: string): string {
  return `${path}.readers`
}

function numbered(number: number): string {
  return String(number).padStart(12, '0')
}

let count = 0

/** The reader's own. */
export class Mailbox implements Disposable {
  readonly #directory: string

  /** @throws ENOENT when there is no directory for the log: nobody has written one, or it was removed */
  constructor(path: string) {
    const self = identify(process.pid)
    if (self === undefined) throw new EngineError('unavailable', '/proc is not mounted')
    this.#directory = join(directoryOf(path), `${self.pid}-${self.startTime}-${count++}`)
    try {
      mkdirSync(directoryOf(path), { mode: 0o700 })
    } catch (error) {
      // Others read, too.
      if (!hasCode(error, 'EEXIST')) throw error
    }
    mkdirSync(this.#directory, { mode: 0o700 })
  }

  /** Finished files, oldest first. */
  list(): { path: string; inode: number }[] {
    return readdirSync(this.#directory)
      .filter((name) => !name.startsWith('.'))
      .sort()
      .map((name) => join(this.#directory, name))
      .map((path) => ({ path, inode: statSync(path).ino }))
  }

  drop(path: string): void {
    rmSync(path, { force: true })
  }

  clear(): void {
    for (const { path } of this.list()) this.drop(path)
  }

  /** A name for a file of the reader's own, beside the mailbox. */
  scratch(): string {
    return join(this.#directory, `.${count++}`)
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true })
    try {
      // The last one out; ENOTEMPTY when there are others.
      rmdirSync(dirname(this.#directory))
    } catch {}
  }
}
