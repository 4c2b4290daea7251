// Resource limits of a process, the old way: getrlimit(2).
//
// Everybody may lower them; raising a hard limit takes CAP_SYS_RESOURCE on the
// host, which machines made of containers often lack. Then the container gets
// the nearest limit that may be had, and a warning: better a server with 20,000
// files than none.
//
// config.md, "POSIX process", `rlimits`.
//
// Next: engine/libcontainer/capabilities.ts
import { EngineError, SyscallError } from '../errors.ts'
import { getrlimit, RLIM_INFINITY, type RlimitName, rlimitNumbers, setrlimit } from '../syscalls/limits.ts'
import type { Process } from './config/process.ts'

type Rlimit = NonNullable<Process['rlimits']>[number]

/** JSON numbers beyond 2^53 come rounded, and 2^64 - 1 comes as 2^64. */
function toLimit(value: number, path: string): bigint {
  if (!Number.isInteger(value)) throw new EngineError('invalid', `${path}: ${value} is not a whole number`)
  const limit = BigInt(value)
  return limit > RLIM_INFINITY ? RLIM_INFINITY : limit
}

function isRlimit(name: string): name is RlimitName {
  return Object.hasOwn(rlimitNumbers, name)
}

/** Sets them all. @throws EngineError 'invalid' for names that there are not, and for names that come twice */
export function setRlimits(rlimits: readonly Rlimit[], warn: (line: string) => void): void {
  const seen = new Set<string>()
  const checked = rlimits.map(({ type, soft, hard }, index) => {
    const path = `$.process.rlimits[${index}]`
    if (!isRlimit(type))
      throw new EngineError('invalid', `${path}.type: there is no limit ${type}, see getrlimit(2)`)
    if (seen.has(type)) throw new EngineError('invalid', `${path}.type: ${type} is there twice`)
    seen.add(type)
    const limits = { soft: toLimit(soft, `${path}.soft`), hard: toLimit(hard, `${path}.hard`) }
    // The kernel would say EINVAL, and not why.
    if (limits.soft > limits.hard)
      throw new EngineError('invalid', `${path}.soft: ${soft} is above the hard limit, ${hard}`)
    return { type, ...limits }
  })
  for (const { type, soft, hard } of checked) setOne(type, soft, hard, warn)
}

function setOne(type: RlimitName, soft: bigint, hard: bigint, warn: (line: string) => void): void {
  try {
    setrlimit(type, soft, hard)
  } catch (cause) {
    const refused = cause instanceof SyscallError && cause.code === 'EPERM'
    if (!refused) throw new EngineError('invalid', `set ${type} ($.process.rlimits)`, { cause })
    const { hard: ceiling } = getrlimit(type)
    const nearest = soft < ceiling ? soft : ceiling
    setrlimit(type, nearest, ceiling)
    const reason =
      type === 'RLIMIT_NOFILE'
        ? 'raising it needs CAP_SYS_RESOURCE, and a value within /proc/sys/fs/nr_open'
        : 'raising it needs CAP_SYS_RESOURCE'
    warn(`${type} is ${nearest}:${ceiling} (soft:hard) in place of ${soft}:${hard}: ${reason}`)
  }
}
