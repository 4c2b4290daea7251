// Files of the kernel suite, run inside the sandbox: bundled on this machine with
// guest-vitest.ts as their vitest, put there, and waited for test by test.
//
// vitest itself stays here: under emulation it would take longer to start than most
// files take to run, and it brings native code for the machine that it is installed on.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { build } from 'esbuild'
import { execa } from 'execa'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import type { Sandbox } from '../../sandbox-vm/sandbox.ts'

/** One test that is done; with an error, it failed. */
export interface Report {
  /** Its place among the titles. */
  number: number
  milliseconds: number
  error?: string
  /** What its first try said, when its second one passed. */
  first?: string
}

export interface GuestSuite {
  /** `describe > test`, in order. */
  titles: readonly string[]
  code: string
}

const test = join(packageRoot(), 'test')
const shim = join(test, 'suites/guest-vitest.ts')

/** @param files below test/kernel @param env that decides which tests they have */
export async function guestSuite(
  files: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<GuestSuite> {
  const code = await guestProgram(
    [
      ...files.map((file) => `import './kernel/${file}'`),
      `import { main } from ${JSON.stringify(shim)}`,
      'await main(process.argv.slice(2))',
    ].join('\n'),
  )
  return { code, titles: await listed(code, env) }
}

/** @param contents of a module below test/ @returns it and all that it imports, as one */
export async function guestProgram(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: test },
    // Native code is where the engine is.
    external: ['koffi'],
    ...{ bundle: true, platform: 'node', format: 'esm', target: 'node26', write: false, logLevel: 'error' },
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);",
    },
    plugins: [
      {
        name: 'guest-vitest',
        setup: ({ onResolve }) =>
          onResolve({ filter: /^vitest$/ }, ({ importer }) =>
            basename(importer) === basename(shim) ? undefined : { path: shim },
          ),
      },
    ],
  })
  return outputFiles?.[0]?.text ?? ''
}

/** The bundle says itself which tests it has. */
async function listed(code: string, more: Readonly<Record<string, string>>): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'lc-guest-'))
  try {
    const path = join(directory, 'suite.mjs')
    await writeFile(path, code)
    // Any runtime: the suite would look for ours beside itself.
    const env = { ...more, TOCKER_RUNTIME: 'none' }
    return JSON.parse((await execa(process.execPath, [path], { env })).stdout)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Tests that run in the sandbox, one after the other, while this machine waits for each. */
export class GuestRun {
  readonly #reports = new Map<number, Report>()
  #waiting: (() => void)[] = []
  #ended: string | undefined
  #line = ''
  /** Resolves when no more will come. */
  readonly end: Promise<void>

  /** @param command that runs the bundle in there @param timeout of all, in milliseconds */
  constructor(sandbox: Sandbox, command: string, timeout: number) {
    const onStdout = (chunk: Buffer): void => this.#receive(chunk.toString())
    // Retried by the vitest of this machine, a test would only be told the same again.
    const program = process.env.CI ? `export GUEST_RETRY=1; ${command}` : command
    this.end = sandbox.exec(program, { timeout, onStdout }).then(
      ({ status, stderr }) => this.#over(`the suite ended with ${status}: ${stderr}`),
      (error: unknown) => this.#over(String(error)),
    )
  }

  /** Resolves when that test is done. @throws Error with what the test said, when it failed or never came */
  async passed(number: number): Promise<void> {
    for (;;) {
      const report = this.#reports.get(number)
      if (report?.error !== undefined) throw new Error(report.error)
      if (report) return
      if (this.#ended !== undefined) throw new Error(`no word of this test: ${this.#ended}`)
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  #receive(text: string): void {
    const lines = (this.#line + text).split('\n')
    this.#line = lines.pop() ?? ''
    for (const line of lines) {
      const report: Report = JSON.parse(line)
      this.#reports.set(report.number, report)
      if (report.first !== undefined) console.log(`passed at try 2: ${report.number}, after ${report.first}`)
    }
    this.#wake()
  }

  #over(why: string): void {
    this.#ended = why
    this.#wake()
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
