// From root with everything to what config.json allows: the last thing that init
// does before it becomes the container's program.
//
// The order is the security. Each step takes away what a later one must not need:
//
//    schedule, label           want CAP_SYS_NICE, and files of /proc (markNextExec)
//    no_new_privs              before the filter, which it allows to load
//    standard streams          are given away while we may still (CAP_CHOWN)
//    rlimits, upwards          want CAP_SYS_RESOURCE
//    bounding set              wants CAP_SETPCAP, which goes with the user
//    keepcaps                  or setresuid(2) would empty the permitted set
//    umask, groups, gid, uid   in this order: see credentials.ts
//    ---- from here nothing may open, write or allocate ----
//    rlimits, downwards        may leave us without memory, or descriptors
//    noNewPrivileges set:            not set:
//      capset, ambient                 CAP_SYS_ADMIN back into the effective set
//      seccomp                         seccomp, which wants it
//      execve                          capset, ambient, execve
//
// With no_new_privs the filter comes last, and sees nothing of ours but execve(2).
// Without, it must allow capset(2) and prctl(2) too.
//
// Called by init and midwife, when hooks are done and the console is there; setsid(2)
// and the working directory are theirs. Synchronous: credentials belong to a thread.
//
// Next: engine/libcontainer/scheduling.ts
import { EngineError } from '../errors.ts'
import {
  capget,
  keepCapabilities,
  lastCapability,
  prepareCapset,
  setNoNewPrivileges,
  setUndumpable,
} from '../syscalls/credentials.ts'
import { callInARow, type PreparedCall } from '../syscalls/prepared.ts'
import { dieWithParent } from '../syscalls/process.ts'
import type { PreparedChild } from '../syscalls/spawn.ts'
import {
  CAP_SYS_ADMIN,
  type CapabilityPlan,
  dropBoundingSet,
  planCapabilities,
  prepareCapabilities,
} from './capabilities.ts'
import type { Process } from './config/process.ts'
import { becomeUser, giveStandardStreams } from './credentials.ts'
import { labelNextExec } from './labels.ts'
import { prepareRlimits } from './rlimits.ts'
import { schedule } from './scheduling.ts'
import { prepareSeccomp, type SeccompProgram } from './seccomp.ts'

/** What is asked for by files of /proc/self: these belong to the host's root from here on, and nobody else reads them. */
export function markNextExec(process: Process): void {
  schedule(process)
  labelNextExec(process)
  setUndumpable()
}

// #region confine
/**
 * Gives up all that `process` does not ask for, after markNextExec().
 * @param program from compileSeccomp(), on the host's side
 * @param warn takes a line for people: what could not be granted, and why that is not fatal
 * @param end from prepareExecute(): it runs right after the last step, with nothing in
 *   between, and confine() returns no more. From prepareChild(): the filter judges all
 *   that it takes to have the child, and the caller's next calls.
 * @param foreground the process dies with the one who started it
 * @throws EngineError; the process is half confined then, and good for nothing but to exit
 */
export function confine(
  process: Process,
  program: SeccompProgram | undefined,
  warn: (line: string) => void,
  end: PreparedCall | PreparedChild,
  foreground = false,
): void {
  const plan = planCapabilities(process.capabilities ?? {}, lastCapability(), capget(), warn)
  if (process.noNewPrivileges) setNoNewPrivileges()
  giveStandardStreams(process.user)
  const limits = prepareRlimits(process.rlimits ?? [], warn)
  takeAway('empty the bounding set', () => dropBoundingSet(plan))
  keepCapabilities()
  becomeUser(process.user)
  // Another user's process forgets it (prctl(2)), so not before.
  if (foreground) dieWithParent('SIGKILL')
  const last = [...limits, ...lastCalls(plan, program, process.noNewPrivileges === true)]
  takeAway('take the last privileges away ($.process)', () => {
    if ('numbers' in end) return callInARow([...last, end])
    callInARow(last, [end])
    end.go()
  })
}
// #endregion confine

function lastCalls(
  plan: CapabilityPlan,
  program: SeccompProgram | undefined,
  noNewPrivileges: boolean,
): PreparedCall[] {
  const drop = prepareCapabilities(plan)
  if (!program) return drop
  const filter = prepareSeccomp(program)
  if (noNewPrivileges) return [...drop, filter]
  // A user other than 0 has an empty effective set by now; keepcaps kept the permitted one.
  const { permitted, inheritable } = capget()
  const keep = prepareCapset({ permitted, inheritable, effective: permitted & CAP_SYS_ADMIN })
  return [keep, filter, ...drop]
}

/** Errors that say themselves what was tried pass through; bare ones of the kernel get the intent. */
function takeAway(intent: string, change: () => void): void {
  try {
    change()
  } catch (cause) {
    if (cause instanceof EngineError) throw cause
    throw new EngineError(
      'forbidden',
      `${intent}: does the runtime have the capabilities, or does the seccomp profile forbid capset(2) or prctl(2)?`,
      { cause },
    )
  }
}
