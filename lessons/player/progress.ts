// What the learner has done, kept between visits: one small file, shared by the
// site and the terminal, and by several programs at once.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { stateDirectory } from '../../sandbox-vm/directories.ts'
import { withLock } from '../../sandbox-vm/lock.ts'

const progressSchema = z.object({
  version: z.literal(1),
  /** Slug of a lesson -> ids of its steps that are done. */
  done: z.record(z.string(), z.array(z.string())),
})

export class Progress {
  readonly #path: string

  constructor(path: string = join(stateDirectory(), 'progress.json')) {
    this.#path = path
  }

  /** Steps done, by lesson. A file that cannot be read counts as none: it is not worth failing a lesson for. */
  async read(): Promise<Record<string, string[]>> {
    try {
      return progressSchema.parse(JSON.parse(await readFile(this.#path, 'utf8'))).done
    } catch {
      return {}
    }
  }

  async markDone(slug: string, step: string): Promise<void> {
    await this.#change((done) => {
      const steps = done[slug] ?? []
      // Taken out and put in again, it stands last: where the learner left off.
      delete done[slug]
      done[slug] = steps.includes(step) ? steps : [...steps, step]
    })
  }

  /** Forgets one lesson, or all. */
  async forget(slug?: string): Promise<void> {
    await this.#change((done) => {
      for (const name of Object.keys(done)) if (slug === undefined || name === slug) delete done[name]
    })
  }

  async #change(change: (done: Record<string, string[]>) => void): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true })
    // Read, change, write as one: another program may do the same at this moment.
    await withLock(`${this.#path}.lock`, {}, async () => {
      const done = await this.read()
      change(done)
      const temporary = `${this.#path}.${process.pid}`
      await writeFile(temporary, `${JSON.stringify({ version: 1, done })}\n`)
      await rename(temporary, this.#path)
    })
  }
}
