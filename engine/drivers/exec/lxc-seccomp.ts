// `linux.seccomp` as LXC's seccomp policy, version 2. Pure.
//
//   2
//   allowlist errno 1
//   [all]
//   read allow
//   socket allow [0,40,SCMP_CMP_NE]
//
// The first line is the version, the second what happens to calls that no line is about,
// a line in brackets says for which architectures the next are. Both hand the same rules
// to libseccomp, so they mean the same; LXC passes over calls that its libseccomp does
// not know.
import { EngineError } from '../../errors.ts'
import type { Seccomp } from '../../libcontainer/config/linux.ts'

type Rule = NonNullable<Seccomp['syscalls']>[number]
type Condition = NonNullable<Rule['args']>[number]

const EPERM = 1

/** @throws EngineError `not-implemented` for actions that LXC has no word for */
export function lxcSeccomp(profile: Seccomp): string {
  const { defaultAction, defaultErrnoRet, architectures = [], syscalls = [] } = profile
  const others = action(defaultAction, defaultErrnoRet, 'defaultAction')
  const rules = syscalls.flatMap((rule, index) => {
    const verdict = action(rule.action, rule.errnoRet, `syscalls[${index}].action`)
    return rule.names.flatMap((name) => alternatives(rule.args).map((when) => `${name} ${verdict}${when}`))
  })
  return [
    '2',
    others === 'allow' ? 'denylist' : `allowlist ${others}`,
    // `all` are those whose programs this machine's kernel runs: x86_64, x86 and x32.
    ...(architectures.length > 1 ? ['[all]'] : []),
    ...rules,
    '',
  ].join('\n')
}

function action(name: string, errno: number | undefined, where: string): string {
  switch (name) {
    case 'SCMP_ACT_ALLOW':
      return 'allow'
    case 'SCMP_ACT_ERRNO':
      return `errno ${errno ?? EPERM}`
    case 'SCMP_ACT_KILL':
    case 'SCMP_ACT_KILL_THREAD':
      return 'kill'
    case 'SCMP_ACT_TRAP':
      return 'trap'
    default:
      throw new EngineError(
        'not-implemented',
        `$.linux.seccomp.${where}: LXC has no word for ${name}: use SCMP_ACT_ERRNO, or run the container with another runtime`,
      )
  }
}

/** What stands behind a rule. Two conditions on the same argument mean "or", as in runc: a rule for each. */
function alternatives(args: readonly Condition[] | undefined): string[] {
  if (!args || args.length === 0) return ['']
  const distinct = new Set(args.map(({ index }) => index)).size === args.length
  return distinct ? [` ${args.map(condition).join('')}`] : args.map((one) => ` ${condition(one)}`)
}

/** [index,value,op], and for SCMP_CMP_MASKED_EQ the mask, which OCI writes first. */
function condition({ index, value, valueTwo = 0, op }: Condition): string {
  return op === 'SCMP_CMP_MASKED_EQ' ? `[${index},${valueTwo},${op},${value}]` : `[${index},${value},${op}]`
}
