// Not a test: a process that confines itself and becomes a command, for confine.test.ts.
//
// Reads one JSON from its argument: `process` and `linux.seccomp` as in
// config.json, descriptors to keep. Warnings go to stderr with "warning: "
// before them, errors with "error: ", as init sends them to its parent.
import { writeSync } from 'node:fs'
import { EngineError, errorLine } from '../../engine/errors.ts'
import { confine, markNextExec } from '../../engine/libcontainer/confine.ts'
import { processEnvironment } from '../../engine/libcontainer/credentials.ts'
import { prepareExecute, resolveExecutable } from '../../engine/libcontainer/execute.ts'
import { setCpuAffinity, setPersonality } from '../../engine/libcontainer/scheduling.ts'
import { compileSeccomp } from '../../engine/libcontainer/seccomp.ts'
import { traceTo } from '../../engine/trace/trace.ts'

const { process: wanted, seccomp, keepFds, personality, cpus, trace } = JSON.parse(process.argv[2] ?? '{}')
try {
  const program = seccomp ? compileSeccomp(seccomp) : undefined
  if (trace) traceTo(({ name, args }) => writeSync(2, `trace: ${name}(${args})\n`), 'init')
  if (personality) setPersonality(personality)
  if (cpus) setCpuAffinity(cpus)
  const env = processEnvironment(wanted.env ?? ['PATH=/usr/bin:/bin'], wanted.user.uid)
  const file = resolveExecutable(wanted.args[0], env)
  const exec = prepareExecute(file, wanted.args, env, keepFds ?? [])
  markNextExec(wanted)
  confine(wanted, program, (line) => writeSync(2, `warning: ${line}\n`), exec)
} catch (error) {
  writeSync(2, `error: ${errorLine(error)}\n`)
  process.exit(error instanceof EngineError ? error.exitStatus : 125)
}
