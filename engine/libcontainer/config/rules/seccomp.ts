// `linux.seccomp`. config-linux.md, "Seccomp": constants of libseccomp, which
// would turn each wrong one into the same EINVAL.

import type { Path } from '../../../violation.ts'
import type { Inspection } from '../inspection.ts'
import type { Seccomp } from '../linux.ts'
import { seccompActions, seccompArchitectures, seccompFlags, seccompOperators } from '../names.ts'

const root = ['linux', 'seccomp']

export function inspectSeccomp({ config, report }: Inspection): void {
  const seccomp = config.linux?.seccomp
  if (!seccomp) return
  const oneOf = (value: string, names: readonly string[], path: Path): void => {
    if (!names.includes(value)) report(path, `it must be one of ${names.join(', ')}`)
  }
  oneOf(seccomp.defaultAction, seccompActions, [...root, 'defaultAction'])
  for (const [index, name] of (seccomp.architectures ?? []).entries())
    oneOf(name, seccompArchitectures, [...root, 'architectures', index])
  for (const [index, name] of (seccomp.flags ?? []).entries())
    oneOf(name, seccompFlags, [...root, 'flags', index])
  // "When the action doesn't support an errno, the runtime MUST print and error and fail."
  const errno = (action: string, value: number | undefined, path: Path): void => {
    if (value !== undefined && action !== 'SCMP_ACT_ERRNO' && action !== 'SCMP_ACT_TRACE')
      report(path, `${action} returns no errno`)
  }
  errno(seccomp.defaultAction, seccomp.defaultErrnoRet, [...root, 'defaultErrnoRet'])
  for (const [index, rule] of (seccomp.syscalls ?? []).entries()) {
    const path = [...root, 'syscalls', index]
    oneOf(rule.action, seccompActions, [...path, 'action'])
    errno(rule.action, rule.errnoRet, [...path, 'errnoRet'])
    for (const [which, { index: argument, op }] of (rule.args ?? []).entries()) {
      oneOf(op, seccompOperators, [...path, 'args', which, 'op'])
      // syscall(2): no architecture passes more than six.
      if (argument > 5) report([...path, 'args', which, 'index'], 'a system call has arguments 0 to 5')
    }
  }
  inspectNotify(seccomp, report)
}

function inspectNotify(seccomp: Seccomp, report: Inspection['report']): void {
  const { defaultAction, listenerPath, listenerMetadata, syscalls = [] } = seccomp
  if (listenerMetadata !== undefined && !listenerPath)
    report([...root, 'listenerMetadata'], 'it MUST NOT be set without listenerPath')
  // The write(2) that hands the descriptor over would itself wait for an answer.
  if (defaultAction === 'SCMP_ACT_NOTIFY')
    report([...root, 'defaultAction'], 'SCMP_ACT_NOTIFY cannot be the default: nobody could be told')
  for (const [index, { action, names }] of syscalls.entries()) {
    if (action !== 'SCMP_ACT_NOTIFY') continue
    if (!listenerPath) report([...root, 'syscalls', index, 'action'], 'SCMP_ACT_NOTIFY needs listenerPath')
    if (names.includes('write'))
      report([...root, 'syscalls', index, 'names'], 'SCMP_ACT_NOTIFY cannot be used for write')
    if (listenerPath)
      report(
        [...root, 'syscalls', index, 'action'],
        'SCMP_ACT_NOTIFY is unsupported: nobody here would answer on listenerPath; use SCMP_ACT_ERRNO',
      )
  }
}
