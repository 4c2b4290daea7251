// External commands: what a learner could type in place of us, such as ip(8).
// The only file of the engine that runs one, so that the trace has them all.
import { execaSync } from 'execa'
import { EngineError } from '../errors.ts'
import { traced } from '../trace/trace.ts'

/**
 * Runs a command to its end, synchronously: it inherits the namespaces of this thread.
 * @throws EngineError `unavailable` when there is no such program, `internal` with its last words when it fails
 */
export function command(file: string, ...args: string[]): string {
  return traced(
    'command',
    file,
    () => args.join(' '),
    () => {
      const result = execaSync(file, args, { reject: false })
      if (result.code === 'ENOENT')
        throw new EngineError('unavailable', `the program ${file} is not installed`)
      if (result.exitCode !== 0)
        throw new EngineError(
          'internal',
          `${file} ${args.join(' ')}: ${result.stderr.trim() || result.shortMessage}`,
        )
      return result.stdout
    },
  )
}
