// `tocker`: the command line.
//
// One bundle serves two programs, since a container's init is tocker itself,
// started again: `init` comes before everything else, and loads no command line.
//
// Next: engine/cli/commands/run.ts
import { EngineError, errorLine } from '../errors.ts'

if (process.argv[2] === 'init') {
  const { runInit } = await import('../libcontainer/init.ts')
  runInit(Number(process.argv[3]))
}

const { program } = await import('./program.ts')

try {
  await program().parseAsync()
} catch (error) {
  process.stderr.write(`tocker: ${errorLine(error)}\n`)
  process.exitCode = error instanceof EngineError ? error.exitStatus : 125
}
