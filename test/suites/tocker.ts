// The built `tocker`, with a tockerd of its own.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { Tockerd } from './tockerd.ts'

/** For execa() and spawn(): program and words. @param host as -H takes it */
export function commandLine(host: string, ...words: string[]): [file: string, words: string[]] {
  return [process.execPath, [join(packageRoot(), 'dist/tocker.mjs'), '-H', host, ...words]]
}

interface Outcome {
  exitCode: number | undefined
  stdout: string
  stderr: string
}

export interface Tocker extends AsyncDisposable {
  (...words: string[]): Promise<Outcome>
  /** @throws for another exit status than 0 */
  ok(...words: string[]): Promise<Outcome>
  /** `unix://…` */
  host: string
  daemon: Tockerd
  /** The daemon's data-root. */
  root: string
  /** Of the test's own, gone with the rest. */
  directory: string
}

/** Images are kept in overlay2, of which there are none at first. @param flags more for tockerd */
export async function openTocker(flags: string[] = []): Promise<Tocker> {
  const stack = new AsyncDisposableStack()
  const daemon = stack.use(await Tockerd.openEmpty(['--storage-driver=overlay2', '--bridge=none', ...flags]))
  const directory = mkdtempSync(join(tmpdir(), 'lc-images-'))
  stack.defer(() => rmSync(directory, { recursive: true, force: true }))
  const host = `unix://${daemon.socket}`
  const run = async (reject: boolean, words: string[]): Promise<Outcome> => {
    const { exitCode, stdout, stderr } = await execa(...commandLine(host, ...words), {
      reject,
      stdin: 'ignore',
      env: { DOCKER_CONFIG: join(daemon.directory, 'config') },
    })
    return { exitCode, stdout, stderr }
  }
  return Object.assign((...words: string[]) => run(false, words), {
    ok: (...words: string[]) => run(true, words),
    ...{ host, daemon, directory, root: join(daemon.directory, 'root') },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  })
}
