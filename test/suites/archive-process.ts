// One unpack or pack in a process of its own, which says how long it took and how much
// memory it ever had. Bundled, as the engine runs: Node's own stripping of types would
// add 30 MB. For the benchmark, and for the test that a layer is never whole in memory.
import { join } from 'node:path'
import { build } from 'esbuild'
import { execa } from 'execa'
import { packageRoot } from '../../sandbox-vm/package-root.ts'

export interface Measured {
  milliseconds: number
  /** Largest resident set, in MB. */
  rss: number
}

export class ArchiveProcess {
  readonly #program: string

  private constructor(program: string) {
    this.#program = program
  }

  /** @param scratch for the bundle */
  static async make(scratch: string): Promise<ArchiveProcess> {
    const outfile = join(scratch, 'archive-process.mjs')
    const entry = join(packageRoot(), 'test/suites/archive-work.ts')
    await build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'error',
    })
    return new ArchiveProcess(outfile)
  }

  /** Unpacks an archive into a directory, or packs a directory into an archive. */
  async run(verb: 'unpack' | 'pack', from: string, to: string): Promise<Measured> {
    const { stdout } = await execa(process.execPath, [this.#program, verb, from, to], {
      env: { NODE_PATH: join(packageRoot(), 'node_modules') },
    })
    return JSON.parse(stdout)
  }
}
