// What the supervisor keeps of a process on the disk, so that the next supervisor knows
// as much as this one.
//
//   <exec-root>/
//     supervisor.sock, lock, supervisor.log
//     containers/web/
//       process.json       what was asked for; written before anything is made
//       born.json          who it is: pid and start time
//       end.json           how it ended; written before anybody is told
//       stdin stdout …     FIFOs (stdio.ts)
//       execs/e1/          the same, but for its end, for another process in it
//     native/              the states of our own runtime
//     runtimes/runc/ …     those of the others
//
// All are written beside and renamed: a reader sees the old one, the new one, or none,
// whoever is killed when. The end is synced, too, since a daemon acts on it: what it did
// about an end must not outlive, over a loss of power, the end itself. What is known of a
// process that runs need not: it does not outlive that either. Nor is the end of an exec
// written down: who asked for it has gone with its supervisor.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod/mini'
import { createSchema, type End, endSchema, execSchema } from './protocol.ts'

const bornSchema = z.object({ pid: z.int(), startTime: z.int(), startedAt: z.exactOptional(z.string()) })
export type Born = z.infer<typeof bornSchema>

/** Of a container's first process, or of another in it. */
const specSchema = z.union([createSchema, execSchema])
export type ProcessSpec = z.infer<typeof specSchema>

export class ProcessDirectory {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  /** @throws when it is there already */
  make(spec: ProcessSpec): void {
    mkdirSync(this.path, { mode: 0o711 })
    this.#write('process.json', spec)
  }

  born(born: Born): void {
    this.#write('born.json', born)
  }

  async ended(end: End): Promise<void> {
    const temporary = join(this.path, '.end.json')
    {
      await using file = await open(temporary, 'w', 0o600)
      await file.writeFile(JSON.stringify(end))
      await file.sync()
    }
    await rename(temporary, join(this.path, 'end.json'))
    await using directory = await open(this.path)
    await directory.sync()
  }

  /** Undefined where there is none, or half of one: its writer was killed before there was anything else. */
  read(): { spec: ProcessSpec; born: Born | undefined; end: End | undefined } | undefined {
    const spec = this.#read('process.json', specSchema)
    if (spec === undefined) return undefined
    return { spec, born: this.#read('born.json', bornSchema), end: this.#read('end.json', endSchema) }
  }

  /** An exec that starts or ends just now writes into it meanwhile: ENOTEMPTY, and so it is tried again. */
  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 })
  }

  /** At once: it waits for no disk, and through the thread pool somebody waits for it in four turns, of 0.3 ms each. */
  #write(name: string, value: unknown): void {
    const temporary = join(this.path, `.${name}`)
    writeFileSync(temporary, JSON.stringify(value), { mode: 0o600 })
    renameSync(temporary, join(this.path, name))
  }

  #read<T extends z.ZodMiniType>(name: string, schema: T): z.infer<T> | undefined {
    try {
      return schema.parse(JSON.parse(readFileSync(join(this.path, name), 'utf8')))
    } catch {
      return undefined
    }
  }
}

/** Names of directories in a directory; none when there is none. */
export function namesIn(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory).filter((name) => !name.startsWith('.')) : []
}
