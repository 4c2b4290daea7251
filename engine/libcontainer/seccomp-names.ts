// Actions, operators and architectures of a seccomp profile, by their names.
//
// The names are those of libseccomp's header, which config-linux.md took over;
// the values are the kernel's (linux/seccomp.h) for actions, and libseccomp's
// for the rest.
import { EngineError } from '../errors.ts'
import { nativeArchitecture, resolveArchitecture } from '../syscalls/libseccomp.ts'

const actions: Readonly<Record<string, number>> = {
  SCMP_ACT_KILL: 0x00000000,
  SCMP_ACT_KILL_THREAD: 0x00000000,
  SCMP_ACT_KILL_PROCESS: 0x80000000,
  SCMP_ACT_TRAP: 0x00030000,
  /** The lower 16 bits are the errno. */
  SCMP_ACT_ERRNO: 0x00050000,
  /** The lower 16 bits are for the tracer. */
  SCMP_ACT_TRACE: 0x7ff00000,
  SCMP_ACT_LOG: 0x7ffc0000,
  SCMP_ACT_ALLOW: 0x7fff0000,
}
const withErrno = ['SCMP_ACT_ERRNO', 'SCMP_ACT_TRACE']
const EPERM = 1

/** enum scmp_compare. */
const operators: Readonly<Record<string, number>> = {
  SCMP_CMP_NE: 1,
  SCMP_CMP_LT: 2,
  SCMP_CMP_LE: 3,
  SCMP_CMP_EQ: 4,
  SCMP_CMP_GE: 5,
  SCMP_CMP_GT: 6,
  /** (argument & value) == valueTwo. */
  SCMP_CMP_MASKED_EQ: 7,
}

/** The kernel's SECCOMP_RET_ value. @param path for the error, as in `$.linux.seccomp.defaultAction` */
export function seccompAction(name: string, errno: number | undefined, path: string): number {
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined
  if (action === undefined)
    throw new EngineError(
      'invalid',
      `${path}: there is no action ${name}; there are ${Object.keys(actions).join(', ')}`,
    )
  if (!withErrno.includes(name)) {
    // The specification wants an error: the author believes that it has an effect.
    if (errno !== undefined)
      throw new EngineError(
        'invalid',
        `${path}: ${name} returns no errno: leave errnoRet (defaultErrnoRet) out`,
      )
    return action
  }
  if (errno !== undefined && errno > 0xffff)
    throw new EngineError('invalid', `${path}: the errno ${errno} has more than 16 bits`)
  return action | (errno ?? EPERM)
}

export function seccompOperator(name: string, path: string): number {
  const operator = Object.hasOwn(operators, name) ? operators[name] : undefined
  if (operator === undefined)
    throw new EngineError(
      'invalid',
      `${path}: there is no operator ${name}; there are ${Object.keys(operators).join(', ')}`,
    )
  return operator
}

/** Tokens of `SCMP_ARCH_…`, the machine's own always among them. */
export function architectureTokens(names: readonly string[]): number[] {
  const tokens = names.map((name, index) => {
    const token = name.startsWith('SCMP_ARCH_')
      ? resolveArchitecture(name.slice('SCMP_ARCH_'.length).toLowerCase())
      : undefined
    if (token === undefined)
      throw new EngineError(
        'invalid',
        `$.linux.seccomp.architectures[${index}]: libseccomp knows no architecture ${name}`,
      )
    return token
  })
  return [...new Set([nativeArchitecture(), ...tokens])]
}
