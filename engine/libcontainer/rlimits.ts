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
import { readFileSync } from 'node:fs'
import { EngineError, SyscallError } from '../errors.ts'
import {
  getrlimit,
  prepareRlimit,
  RLIM_INFINITY,
  type RlimitName,
  rlimitNumbers,
  setrlimit,
} from '../syscalls/limits.ts'
import type { PreparedCall } from '../syscalls/prepared.ts'
import type { Process } from './config/process.ts'

type Rlimit = NonNullable<Process['rlimits']>[number]

/** JSON numbers beyond 2^53 come rounded, and 2^64 - 1 comes as 2^64. */
export function toLimit(value: number, path: string): bigint {
  if (!Number.isInteger(value)) throw new EngineError('invalid', `${path}: ${value} is not a whole number`)
  const limit = BigInt(value)
  return limit > RLIM_INFINITY ? RLIM_INFINITY : limit
}

export function isRlimit(name: string): name is RlimitName {
  return Object.hasOwn(rlimitNumbers, name)
}

/**
 * Raises what has to be raised, now, and prepares the rest.
 *
 * Lowering waits for the very end, since it binds us too: under a low RLIMIT_AS
 * V8 finds no memory and aborts, under a low RLIMIT_NOFILE nothing can be opened.
 * By then there is no capability left, and to lower needs none.
 * @throws EngineError 'invalid' for names that there are not, and for names that come twice
 */
export function prepareRlimits(rlimits: readonly Rlimit[], warn: (line: string) => void): PreparedCall[] {
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
  return checked.map((limit) => prepareOne(limit, warn))
}

function prepareOne(
  { type, soft, hard }: { type: RlimitName; soft: bigint; hard: bigint },
  warn: (line: string) => void,
): PreparedCall {
  const now = getrlimit(type)
  if (hard > now.hard) {
    try {
      setrlimit(type, now.soft, hard)
    } catch (cause) {
      if (!(cause instanceof SyscallError) || cause.code !== 'EPERM')
        throw new EngineError('invalid', `set ${type} ($.process.rlimits)`, { cause })
      const nearest = soft < now.hard ? soft : now.hard
      const within = type === 'RLIMIT_NOFILE' ? ', and a value within /proc/sys/fs/nr_open' : ''
      warn(
        `${type} is ${nearest}:${now.hard} (soft:hard) in place of ${soft}:${hard}: raising it needs CAP_SYS_RESOURCE${within}`,
      )
      return prepareRlimit(type, nearest, now.hard)
    }
  }
  return prepareRlimit(type, soft, hard)
}

/**
 * What the container inherits of RLIMIT_NOFILE when nobody asks for anything: the
 * limits of our caller, as for any child. Node has raised the soft one to the hard
 * one by now; TOCKER_NOFILE has it as the launcher found it (sandbox-vm/launch.sh).
 * Runs on the host's side.
 */
export function withCallersLimits(process: Process, environment: NodeJS.ProcessEnv): Process {
  const soft = Number(environment.TOCKER_NOFILE)
  const asked = process.rlimits?.some(({ type }) => type === 'RLIMIT_NOFILE') ?? false
  if (asked || !Number.isInteger(soft) || soft <= 0) return process
  const [, hard] = /^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
  if (hard === undefined || soft > Number(hard)) return process
  const limit = { type: 'RLIMIT_NOFILE', soft, hard: Number(hard) }
  return { ...process, rlimits: [...(process.rlimits ?? []), limit] }
}
