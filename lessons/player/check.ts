// A check: a shell script, run where the learner does not see it.
//
// Exit status 0 passes. What `lab fail` said is what the learner reads; a script
// that fails without it gives its last line of errors.
import { type Sandbox, SandboxError } from '../../sandbox-vm/sandbox.ts'
import type { LessonWords } from '../language/lesson.ts'
import type { Outcome } from './events.ts'
import { sessionEnvironment } from './session.ts'

/** Runs `script` once. `lost` when the sandbox went away meanwhile. */
export async function tryCheck(
  sandbox: Sandbox,
  session: string,
  script: string,
  { check: words }: LessonWords,
): Promise<Outcome> {
  const before = performance.now()
  const seconds = (): number => (performance.now() - before) / 1000
  try {
    // -e: `test … || lab fail "…"` ends the script wherever it stands.
    const result = await sandbox.exec('sh -e', {
      stdin: script,
      env: sessionEnvironment(session),
      timeout: 20_000,
    })
    if (result.status === 0) return { state: 'passed', status: 0, seconds: seconds() }
    const lines = result.stderr.trim().split('\n')
    const said =
      lines.find((line) => line.startsWith('lab-fail: '))?.slice('lab-fail: '.length) ?? lines.at(-1)
    return {
      state: 'failed',
      message: said || words.status(result.status),
      status: result.status,
      seconds: seconds(),
    }
  } catch (error) {
    const lost = error instanceof SandboxError && error.kind === 'lost'
    return {
      state: lost ? 'lost' : 'failed',
      message: error instanceof Error ? error.message : String(error),
      seconds: seconds(),
    }
  }
}
