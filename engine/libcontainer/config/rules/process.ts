// `process`: who runs, with what. config.md, "Process" and "Linux Process".
import type { Draft, Inspection } from '../inspection.ts'
import { capabilityNames, rlimitNames, schedulerFlags, schedulerPolicies } from '../names.ts'

type Process = NonNullable<Draft['process']>

export function inspectProcess(inspection: Inspection): void {
  const { process } = inspection.config
  if (process === undefined) return
  const { report } = inspection
  if (process.args?.[0] === '') report(['process', 'args', 0], 'it is empty: there is no command')
  inspectEnvironment(inspection, ['process', 'env'], process.env ?? [])
  inspectTerminal(process, inspection)
  inspectUser(process, inspection)
  inspectCapabilities(process, inspection)
  inspectRlimits(process, inspection)
  inspectScheduler(process, inspection)
  for (const which of ['initial', 'final'] as const) {
    const list = process.execCPUAffinity?.[which]
    if (list !== undefined && !isNumberList(list))
      report(['process', 'execCPUAffinity', which], 'it is not a list of CPUs such as 0-3,7')
  }
}

/** environ(7): execve(2) takes anything, and getenv(3) would never find what has no name. */
export function inspectEnvironment(
  { report }: Inspection,
  path: readonly PropertyKey[],
  env: readonly string[],
): void {
  for (const [index, entry] of env.entries())
    if (entry.indexOf('=') < 1) report([...path, index], 'it is not NAME=value')
}

/** `0-3,7`, as cpuset(7) calls the List Format. The empty list is a list. */
export function isNumberList(text: string): boolean {
  return /^(\d+(-\d+)?(,\d+(-\d+)?)*)?\n?$/.test(text)
}

/** consoleSize without a terminal MUST be ignored, so it is not looked at. */
function inspectTerminal({ terminal, consoleSize }: Process, { report }: Inspection): void {
  if (terminal !== true || consoleSize === undefined) return
  // struct winsize has 16 bits for each, ioctl_tty(2): more would silently become less.
  for (const side of ['height', 'width'] as const)
    if (consoleSize[side] > 0xffff) report(['process', 'consoleSize', side], 'it is above 65535')
}

function inspectUser({ user }: Process, { report }: Inspection): void {
  if (user === undefined) return
  // -1 means "leave it as it is" to setresuid(2): the container would keep root's.
  for (const id of ['uid', 'gid'] as const)
    if (user[id] === 0xffffffff) report(['process', 'user', id], 'it is no id: setresuid(2) takes it for -1')
  // NGROUPS_MAX, setgroups(2): EINVAL.
  if ((user.additionalGids?.length ?? 0) > 65536)
    report(['process', 'user', 'additionalGids'], 'a process has 65536 groups at most')
}

function inspectCapabilities({ capabilities }: Process, { report, warn }: Inspection): void {
  if (capabilities === undefined) return
  for (const [set, names] of Object.entries(capabilities)) {
    for (const [index, name] of (names ?? []).entries()) {
      if (!/^CAP_[A-Z][A-Z0-9_]*$/.test(name))
        report(['process', 'capabilities', set, index], 'it is not the name of a capability: capabilities(7)')
      // "MUST be logged as a warning by the runtime. Runtimes SHOULD NOT fail":
      // a manager may know capabilities of kernels to come.
      else if (!capabilityNames.includes(name))
        warn(`process.capabilities.${set}: ${name} is not known here, and left out`)
    }
  }
  // capset(2) gives EPERM. Known ones only: the others are left out of both sets.
  const permitted = new Set(capabilities.permitted ?? [])
  for (const [index, name] of (capabilities.effective ?? []).entries())
    if (capabilityNames.includes(name) && !permitted.has(name))
      report(['process', 'capabilities', 'effective', index], `${name} is not in permitted: capset(2)`)
}

function inspectRlimits({ rlimits = [] }: Process, { report }: Inspection): void {
  const seen = new Set<string>()
  for (const [index, { type, soft, hard }] of rlimits.entries()) {
    const path = ['process', 'rlimits', index]
    if (!rlimitNames.includes(type)) report([...path, 'type'], `${type} is not a limit of getrlimit(2)`)
    // "If rlimits contains duplicated entries with same type, the runtime MUST generate an error."
    if (seen.has(type)) report([...path, 'type'], `${type} is set twice`)
    seen.add(type)
    if (soft > hard) report([...path, 'soft'], `${soft} is above the hard limit, ${hard}`)
  }
}

/** sched_setattr(2) answers all of this with EINVAL, and does not say which. */
function inspectScheduler({ scheduler }: Process, { report }: Inspection): void {
  if (scheduler === undefined) return
  const path = ['process', 'scheduler']
  const { policy, nice = 0, priority = 0, flags = [] } = scheduler
  if (!schedulerPolicies.includes(policy))
    report([...path, 'policy'], `it must be one of ${schedulerPolicies.join(', ')}`)
  if (nice < -20 || nice > 19) report([...path, 'nice'], 'it goes from -20 to 19')
  if (priority !== 0 && !['SCHED_FIFO', 'SCHED_RR'].includes(policy))
    report([...path, 'priority'], 'it is for SCHED_FIFO and SCHED_RR only')
  for (const [index, flag] of flags.entries())
    if (!schedulerFlags.includes(flag))
      report([...path, 'flags', index], `${flag} is not a flag of sched_setattr(2)`)
  for (const name of ['runtime', 'deadline', 'period'] as const)
    if ((scheduler[name] ?? 0) !== 0 && policy !== 'SCHED_DEADLINE')
      report([...path, name], 'it is for SCHED_DEADLINE only')
}
