// Limits of a container with users of its own. To raise a hard limit, or to be spared by the
// OOM killer, takes CAP_SYS_RESOURCE on the host, and root of a user namespace has it in
// there at best. So the host's half does it to init, which waits for it meanwhile; what init
// asks for afterwards (rlimits.ts, scheduling.ts) it has already.
//
// Called by create.ts and exec.ts.
import { writeFileSync } from 'node:fs'
import { raiseHardLimit } from '../syscalls/limits.ts'
import type { Process } from './config/process.ts'
import { isRlimit, toLimit } from './rlimits.ts'

/** Raises as far as we may ourselves. What is wrong with a limit, init says: it is the one who needs it. */
export function raiseLimits(pid: number, process: Process | undefined): void {
  const { rlimits = [], oomScoreAdj } = process ?? {}
  for (const { type, hard } of rlimits)
    attempt(() => {
      if (isRlimit(type)) raiseHardLimit(pid, type, toLimit(hard, type))
    })
  if (oomScoreAdj !== undefined)
    attempt(() => writeFileSync(`/proc/${pid}/oom_score_adj`, String(oomScoreAdj)))
}

function attempt(work: () => void): void {
  try {
    work()
  } catch {
    // EPERM, EACCES: without CAP_SYS_RESOURCE ourselves.
  }
}
