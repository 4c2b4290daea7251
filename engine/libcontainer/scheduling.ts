// When and where the container's process runs, and who dies first when memory ends.
//
// config.md: scheduler, ioPriority, oomScoreAdj, execCPUAffinity; config-linux.md:
// personality. All of it is kept over execve(2), and inherited by children.
//
// confine.ts calls the first three, while we still have CAP_SYS_NICE; init calls
// setPersonality, which is not in `process`, and exec.ts setCpuAffinity, which is
// not for the container's first one.
//
// Next: engine/libcontainer/labels.ts
import { EngineError, SyscallError } from '../errors.ts'
import {
  ioprioSet,
  personality,
  type SchedulerPolicy,
  schedSetaffinity,
  schedSetattr,
  schedulerFlags,
  schedulerPolicies,
} from '../syscalls/limits.ts'
import type { Linux } from './config/linux.ts'
import type { Process } from './config/process.ts'
import { errnoOf, writeProcSelf } from './proc-self.ts'

/** Sets what the config asks for, and nothing else. */
export function schedule(process: Process): void {
  if (process.oomScoreAdj !== undefined) setOomScoreAdj(process.oomScoreAdj)
  if (process.scheduler) setScheduler(process.scheduler)
  if (process.ioPriority) setIoPriority(process.ioPriority)
}

/** proc(5) /proc/PID/oom_score_adj: -1000 (never killed) to 1000 (first of all). */
function setOomScoreAdj(value: number): void {
  try {
    writeProcSelf('oom_score_adj', String(value))
  } catch (cause) {
    const why: Record<string, string> = {
      // Everybody may offer himself; to go below what the parent had takes the capability.
      EACCES: ': a value below the present one needs CAP_SYS_RESOURCE',
      ENOENT: ': the container has no /proc',
    }
    const intent = `set oom_score_adj to ${value} ($.process.oomScoreAdj)`
    throw new EngineError('forbidden', intent + (why[errnoOf(cause) ?? ''] ?? ''), { cause })
  }
}

function isPolicy(name: string): name is SchedulerPolicy {
  return Object.hasOwn(schedulerPolicies, name)
}

/** sched(7). */
function setScheduler(scheduler: NonNullable<Process['scheduler']>): void {
  const { policy, nice = 0, priority = 0, runtime = 0, deadline = 0, period = 0 } = scheduler
  if (!isPolicy(policy))
    throw new EngineError('invalid', `$.process.scheduler.policy: there is no policy ${policy}, see sched(7)`)
  let flags = 0
  for (const [index, name] of (scheduler.flags ?? []).entries()) {
    const flag = Object.entries(schedulerFlags).find(([known]) => known === name)?.[1]
    if (flag === undefined)
      throw new EngineError('invalid', `$.process.scheduler.flags[${index}]: there is no flag ${name}`)
    flags |= flag
  }
  try {
    schedSetattr({ policy, flags, nice, priority, runtime, deadline, period })
  } catch (cause) {
    const code = cause instanceof SyscallError ? cause.code : ''
    const why: Record<string, string> = {
      EINVAL: `: ${policy} does not take these values, see sched_setattr(2)`,
      EPERM: ': CAP_SYS_NICE is needed, and for a real-time policy a cgroup that has real-time budget',
    }
    throw new EngineError('invalid', `set the scheduler ($.process.scheduler)${why[code] ?? ''}`, { cause })
  }
}

function setIoPriority({ class: name, priority = 0 }: NonNullable<Process['ioPriority']>): void {
  try {
    ioprioSet(name, priority)
  } catch (cause) {
    throw new EngineError(
      'forbidden',
      `set the I/O priority ($.process.ioPriority)${name === 'IOPRIO_CLASS_RT' ? ': real time needs CAP_SYS_NICE or CAP_SYS_ADMIN' : ''}`,
      { cause },
    )
  }
}

/**
 * personality(2). Before the seccomp filter: Docker's lets a program ask for a
 * few of them only.
 */
export function setPersonality({ domain, flags }: NonNullable<Linux['personality']>): void {
  if (flags !== undefined && flags.length > 0)
    throw new EngineError('invalid', '$.linux.personality.flags: the specification defines none yet')
  try {
    personality(domain)
  } catch (cause) {
    throw new EngineError('invalid', `set the personality ${domain} ($.linux.personality)`, { cause })
  }
}

/** sched_setaffinity(2). @param list `0-3,7`, as cpuset(7) writes it @param pid of a process; 0 is our own */
export function setCpuAffinity(list: string, pid = 0): void {
  const cpus = parseCpuList(list)
  try {
    schedSetaffinity(cpus, pid)
  } catch (cause) {
    throw new EngineError('invalid', `run on the CPUs ${list}: is one of them online, and in the cpuset?`, {
      cause,
    })
  }
}

/** All CPUs of the process's cpuset(7): the kernel takes those out of the mask that it may not have. */
export function resetCpuAffinity(pid: number): void {
  schedSetaffinity(
    Array.from({ length: 1024 }, (_, cpu) => cpu),
    pid,
  )
}

/** `0-3,7` as numbers. Exported for its tests. */
export function parseCpuList(list: string): number[] {
  const cpus = list
    .split(',')
    .filter((part) => part.trim() !== '')
    .flatMap((part) => {
      const [, first, last] = /^\s*(\d{1,4})(?:-(\d{1,4}))?\s*$/.exec(part) ?? []
      const [from, to] = [Number(first), Number(last ?? first)]
      if (first === undefined || to < from)
        throw new EngineError('invalid', `${list} is not a list of CPUs such as 0-3,7`)
      return Array.from({ length: to - from + 1 }, (_, index) => from + index)
    })
  if (cpus.length === 0) throw new EngineError('invalid', 'a list of CPUs names one at least')
  return cpus
}
