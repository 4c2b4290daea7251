// Which system calls a container may make: from `linux.seccomp` to a program
// that the kernel runs before each of them.
//
//   host's side, once a profile             init, at the end of confine()
//   compileSeccomp: rules --libseccomp-->   prepareSeccomp: seccomp(2), and
//   BPF, a few kilobytes              ----> execve(2) right after it
//
// Compiled outside, since libseccomp and its table of names have no business in
// init: it has to be quick, and to call little that a filter could forbid.
//
// config-linux.md, "Seccomp"; seccomp(2), seccomp_rule_add(3).
//
// Next: engine/libcontainer/seccomp-enosys.ts
import { EngineError } from '../errors.ts'
import { type ArgumentTest, type FilterContext, makeFilter, resolveSyscall } from '../syscalls/libseccomp.ts'
import type { PreparedCall } from '../syscalls/prepared.ts'
import { filterFlags, prepareFilter } from '../syscalls/seccomp.ts'
import type { Seccomp } from './config/linux.ts'
import { answerNewCalls, isPermissive } from './seccomp-enosys.ts'
import { architectureTokens, seccompAction, seccompOperator } from './seccomp-names.ts'

/** What init needs, and all that crosses the pipe. */
export interface SeccompProgram {
  /** struct sock_filter, 8 bytes each. */
  bpf: Uint8Array
  /** SECCOMP_FILTER_FLAG_…, as one number. */
  flags: number
}

type Rule = NonNullable<Seccomp['syscalls']>[number]

// A daemon starts a hundred containers with one profile: 15 ms each time otherwise.
const compiled = new Map<string, SeccompProgram>()

/**
 * Compiles a profile, or takes it from memory.
 * @throws EngineError 'invalid' with the JSON path of what libseccomp does not take, 'unavailable' without libseccomp
 */
export function compileSeccomp(seccomp: Seccomp): SeccompProgram {
  // The profile's text is the key. A digest would be shorter, but init would load
  // node:crypto for it, and pay more for that than a few kilobytes cost.
  const key = JSON.stringify(seccomp)
  const known = compiled.get(key)
  if (known) return known
  const program = compile(seccomp)
  compiled.set(key, program)
  return program
}

function compile(seccomp: Seccomp): SeccompProgram {
  const flags = parseFlags(seccomp.flags ?? [])
  const defaultAction = seccompAction(
    seccomp.defaultAction,
    seccomp.defaultErrnoRet,
    '$.linux.seccomp.defaultAction',
  )
  using filter = makeFilter(defaultAction)
  const tokens = architectureTokens(seccomp.architectures ?? [])
  // libseccomp puts in the architecture that it runs on by itself.
  for (const token of tokens) filter.addArchitecture(token)
  const rules = seccomp.syscalls ?? []
  for (const [index, rule] of rules.entries())
    addRule(filter, rule, defaultAction, `$.linux.seccomp.syscalls[${index}]`)
  const bpf = filter.exportBpf()
  if (isPermissive(defaultAction)) return { bpf, flags }
  const names = rules.flatMap((rule) => rule.names)
  return { bpf: answerNewCalls(bpf, tokens, names), flags }
}

/** Adds one entry of `syscalls`: every name with all of its conditions. */
function addRule(filter: FilterContext, rule: Rule, defaultAction: number, path: string): void {
  const action = seccompAction(rule.action, rule.errnoRet, `${path}.action`)
  // libseccomp has EACCES for a rule that says what is the case anyhow.
  if (action === defaultAction) return
  const tests = parseTests(rule.args ?? [], `${path}.args`)
  for (const name of rule.names) {
    const syscall = resolveSyscall(name)
    // Profiles name calls of newer kernels and of other architectures. All users
    // of libseccomp skip what it does not know: there is nothing to filter then.
    if (syscall === undefined) continue
    try {
      for (const together of alternatives(tests)) filter.addRule(action, syscall, together)
    } catch (cause) {
      throw new EngineError('invalid', `${path}: add a rule for ${name}`, { cause })
    }
  }
}

function parseTests(args: NonNullable<Rule['args']>, path: string): ArgumentTest[] {
  return args.map(({ index, value, valueTwo = 0, op }, at) => {
    if (index > 5)
      throw new EngineError(
        'invalid',
        `${path}[${at}].index: a system call has arguments 0 to 5, not ${index}`,
      )
    return {
      index,
      op: seccompOperator(op, `${path}[${at}].op`),
      a: toUint64(value, `${path}[${at}].value`),
      b: toUint64(valueTwo, `${path}[${at}].valueTwo`),
    }
  })
}

/** JSON's 2^64 - 1 arrives as 2^64. */
function toUint64(value: number, path: string): bigint {
  if (!Number.isInteger(value)) throw new EngineError('invalid', `${path}: ${value} is not a whole number`)
  const whole = BigInt(value)
  return whole < 2n ** 64n ? whole : 2n ** 64n - 1n
}

/**
 * Conditions on different arguments must hold together. libseccomp takes one
 * condition an argument; profiles with two on the same mean "one or the other",
 * and runc has always read all of theirs so.
 */
function alternatives(tests: readonly ArgumentTest[]): ArgumentTest[][] {
  const distinct = new Set(tests.map(({ index }) => index))
  return distinct.size === tests.length ? [[...tests]] : tests.map((test) => [test])
}

const needless: ReadonlySet<number> = new Set([
  // Puts the filter on our other threads too. execve(2) ends them before they could
  // matter, and a strict filter would kill us with the first of them.
  filterFlags.SECCOMP_FILTER_FLAG_TSYNC,
  // How to wait for an answer to SCMP_ACT_NOTIFY. There is none here, and without a
  // listener the kernel says EINVAL to it, when the container starts.
  filterFlags.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
])

function parseFlags(names: readonly string[]): number {
  const allowed = ['TSYNC', 'LOG', 'SPEC_ALLOW', 'WAIT_KILLABLE_RECV']
  let flags = 0
  for (const [index, name] of names.entries()) {
    const flag = Object.entries(filterFlags).find(([known]) => known === name)?.[1]
    if (flag === undefined || !allowed.some((one) => name === `SECCOMP_FILTER_FLAG_${one}`))
      throw new EngineError('invalid', `$.linux.seccomp.flags[${index}]: there is no flag ${name}`)
    if (!needless.has(flag)) flags |= flag
  }
  return flags
}

/** The call that loads the program, with what to do when the kernel refuses it. */
export function prepareSeccomp(program: SeccompProgram): PreparedCall {
  const why: Record<string, string> = {
    EACCES: ': without CAP_SYS_ADMIN it takes $.process.noNewPrivileges',
    EINVAL: ': this kernel has no seccomp filters, or not one of $.linux.seccomp.flags',
    ENOMEM: ': the program is too long',
  }
  return {
    ...prepareFilter(program.bpf, program.flags),
    explain: (cause) =>
      new EngineError('forbidden', `load the seccomp filter${why[cause.code] ?? ''}`, { cause }),
  }
}
