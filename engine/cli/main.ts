// `tocker`: the command line.
//
// Next: engine/cli/commands/run.ts
import { EngineError, errorLine } from '../errors.ts'
import { program } from './program.ts'

try {
  await program().parseAsync()
} catch (error) {
  process.stderr.write(`tocker: ${errorLine(error)}\n`)
  process.exitCode = error instanceof EngineError ? error.exitStatus : 125
}
