// What LXC's log says about a container's beginning and end. Pure.
//
// lxc-start waits for the container's first process, and ends with 0 whatever became of
// it. What it was, stands in the log, in words that LXC has had, but for a capital letter,
// since its first version:
//
//   … NOTICE  start - …:post_start:2205 - Started "/bin/sh" with pid "4711"
//   … INFO    error - …:lxc_error_set_and_log:31 - Child <4711> ended on error (3)
//   … INFO    error - …:lxc_error_set_and_log:34 - Child <4711> ended on signal Killed(9)
//
// Of status 0 there is no line. So the hook `stop` writes a word behind it all: a log that
// broke off before that, on a full disk for one, says nothing, and that is no success.
//
// At this level it has a line for each rule of the seccomp profile: 350 kB with Docker's
// (wc -c /run/tockerd/runtimes/lxc/*/log).
//
// Rejected: lxc-execute, which ends as the container does, but puts a program of its own
// in as PID 1. And lxc-monitord, which sends the status to whoever listens on a FIFO in
// /run/lxc: one more daemon for each directory of containers.
import { EngineError } from '../../errors.ts'

/** What lxc-hook.ts adds. */
export const stopWord = 'stopped'

/** Has it become the user's program? */
export function hasStarted(log: string): boolean {
  return / - Started "/.test(log)
}

/** The exit status, or 128 + signal; undefined when the log does not say. */
export function endIn(log: string, pid: number): number | undefined {
  const [, how, number] =
    new RegExp(`[Cc]hild <${pid}> ended on (error|signal)[^\\n(]*\\((\\d+)\\)`).exec(log) ?? []
  if (how !== undefined) return Number(number) + (how === 'signal' ? 128 : 0)
  return new RegExp(`^${stopWord}$`, 'm').test(log) ? 0 : undefined
}

/** What exec(2) said, as Docker's exit status: 127 when there is no such program, 126 when it cannot be run. */
const execFailure = / - ([^\n-]*) - Failed to exec "([^\n]*)"/

/** Why there is no container. @param verb `create`, or `start` */
export function lxcError(log: string, verb: string): EngineError {
  const [, reason, program] = execFailure.exec(log) ?? []
  if (program !== undefined) {
    const exitStatus = reason === 'No such file or directory' ? 127 : 126
    const words =
      exitStatus === 127 && !program.includes('/')
        ? 'executable file not found in $PATH'
        : (reason ?? '').toLowerCase()
    return new EngineError('invalid', `exec: ${JSON.stringify(program)}: ${words}`, { exitStatus })
  }
  // The first is the cause, and those after it who passed it on.
  const [first] = log.split('\n').filter((line) => /^\S+ \S+ \S+ ERROR /.test(line))
  const said =
    first?.replace(/^.*? - \S+ - /, '') ??
    'it did not take its configuration (is it LXC 4 or newer? lxc-start --version tells)'
  return new EngineError('internal', `lxc-start, ${verb}: ${said}`)
}
