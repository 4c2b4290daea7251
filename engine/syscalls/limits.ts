// setrlimit(2), sched_setattr(2), sched_setaffinity(2), ioprio_set(2), personality(2):
// how much this process gets of what all share, and how it is served.
import { spell } from './flags.ts'
import { bytes, call, number, rawSyscall } from './libc.ts'
import { ownMemory, type PreparedCall } from './prepared.ts'

/** getrlimit(2), sys/resource.h. The numbers are those of x86-64 and arm64 (others differ from 5 on). */
export const rlimitNumbers = {
  RLIMIT_CPU: 0,
  RLIMIT_FSIZE: 1,
  RLIMIT_DATA: 2,
  RLIMIT_STACK: 3,
  RLIMIT_CORE: 4,
  RLIMIT_RSS: 5,
  RLIMIT_NPROC: 6,
  RLIMIT_NOFILE: 7,
  RLIMIT_MEMLOCK: 8,
  RLIMIT_AS: 9,
  RLIMIT_LOCKS: 10,
  RLIMIT_SIGPENDING: 11,
  RLIMIT_MSGQUEUE: 12,
  RLIMIT_NICE: 13,
  RLIMIT_RTPRIO: 14,
  RLIMIT_RTTIME: 15,
} as const
export type RlimitName = keyof typeof rlimitNumbers

export const RLIM_INFINITY = 2n ** 64n - 1n

/** setrlimit(2). */
export function setrlimit(name: RlimitName, soft: bigint, hard: bigint): void {
  call('setrlimit', 'int setrlimit(int, const void*)', [
    number(rlimitNumbers[name], name),
    bytes(limitBytes(soft, hard), showLimits(soft, hard)),
  ])
}

/** The same, for later. */
export function prepareRlimit(name: RlimitName, soft: bigint, hard: bigint): PreparedCall {
  return {
    name: 'setrlimit',
    shown: `${name}, ${showLimits(soft, hard)}`,
    numbers: { x64: 160, arm64: 164 },
    args: [rlimitNumbers[name], ownMemory(limitBytes(soft, hard))],
  }
}

/** struct rlimit. */
function limitBytes(soft: bigint, hard: bigint): Uint8Array {
  return new Uint8Array(new BigUint64Array([soft, hard]).buffer)
}

function showLimits(soft: bigint, hard: bigint): string {
  const shown = (value: bigint): string => (value === RLIM_INFINITY ? 'RLIM_INFINITY' : String(value))
  return `{rlim_cur=${shown(soft)}, rlim_max=${shown(hard)}}`
}

/** getrlimit(2). */
export function getrlimit(name: RlimitName): { soft: bigint; hard: bigint } {
  const limits = new BigUint64Array(2)
  call('getrlimit', 'int getrlimit(int, void*)', [
    number(rlimitNumbers[name], name),
    bytes(new Uint8Array(limits.buffer), '…'),
  ])
  const [soft = 0n, hard = 0n] = limits
  return { soft, hard }
}

/** prlimit(2): the hard limit of another process, if it is lower. Its soft one stays. */
export function raiseHardLimit(pid: number, name: RlimitName, hard: bigint): void {
  const prototype = 'int prlimit(int, int, const void*, void*)'
  const resource = number(rlimitNumbers[name], name)
  const limits = new BigUint64Array(2)
  const buffer = bytes(new Uint8Array(limits.buffer), '…')
  const none = bytes(null, 'NULL')
  call('prlimit', prototype, [number(pid), resource, none, buffer])
  if ((limits[1] ?? 0n) >= hard) return
  limits[1] = hard
  call('prlimit', prototype, [number(pid), resource, buffer, none])
}

/** sched(7), linux/sched.h. */
export const schedulerPolicies = {
  SCHED_OTHER: 0,
  SCHED_FIFO: 1,
  SCHED_RR: 2,
  SCHED_BATCH: 3,
  SCHED_ISO: 4,
  SCHED_IDLE: 5,
  SCHED_DEADLINE: 6,
} as const
export type SchedulerPolicy = keyof typeof schedulerPolicies

export const schedulerFlags = {
  SCHED_FLAG_RESET_ON_FORK: 0x1,
  SCHED_FLAG_RECLAIM: 0x2,
  SCHED_FLAG_DL_OVERRUN: 0x4,
  SCHED_FLAG_KEEP_POLICY: 0x8,
  SCHED_FLAG_KEEP_PARAMS: 0x10,
  SCHED_FLAG_UTIL_CLAMP_MIN: 0x20,
  SCHED_FLAG_UTIL_CLAMP_MAX: 0x40,
} as const

export interface SchedulerAttributes {
  policy: SchedulerPolicy
  flags: number
  nice: number
  priority: number
  /** Nanoseconds, here and below; for SCHED_DEADLINE. */
  runtime: number
  deadline: number
  period: number
}

/** sched_setattr(2), of this thread. */
export function schedSetattr(attributes: SchedulerAttributes): void {
  const { policy, flags, nice, priority, runtime, deadline, period } = attributes
  const size = 48 // SCHED_ATTR_SIZE_VER0
  const struct = new DataView(new ArrayBuffer(size))
  struct.setUint32(0, size, true)
  struct.setUint32(4, schedulerPolicies[policy], true)
  struct.setBigUint64(8, BigInt(flags), true)
  struct.setInt32(16, nice, true)
  struct.setUint32(20, priority, true)
  for (const [index, value] of [runtime, deadline, period].entries())
    struct.setBigUint64(24 + 8 * index, BigInt(value), true)
  const shown = `{sched_policy=${policy}, sched_flags=${spell(flags, schedulerFlags)}, sched_nice=${nice}, sched_priority=${priority}, sched_runtime=${runtime}, sched_deadline=${deadline}, sched_period=${period}}`
  rawSyscall('sched_setattr', { x64: 314, arm64: 274 }, 'long syscall(long, int, const void*, uint)', [
    number(0),
    bytes(new Uint8Array(struct.buffer), shown),
    number(0),
  ])
}

/** sched_setaffinity(2). @param cpus numbers from 0 @param pid of a thread; 0 is the one that calls */
export function schedSetaffinity(cpus: readonly number[], pid = 0): void {
  // Whole longs: the kernel takes the mask in units of 8 bytes.
  const mask = new Uint8Array(8 * (Math.floor(Math.max(...cpus) / 64) + 1))
  for (const cpu of cpus) mask[cpu >> 3] = (mask[cpu >> 3] ?? 0) | (1 << (cpu & 7))
  call('sched_setaffinity', 'int sched_setaffinity(int, size_t, const void*)', [
    number(pid),
    number(mask.length),
    bytes(mask, JSON.stringify(cpus)),
  ])
}

/** linux/ioprio.h. */
export const ioPriorityClasses = { IOPRIO_CLASS_RT: 1, IOPRIO_CLASS_BE: 2, IOPRIO_CLASS_IDLE: 3 } as const
const IOPRIO_WHO_PROCESS = 1
const IOPRIO_CLASS_SHIFT = 13

/** ioprio_set(2), of this thread. glibc has no function for it. */
export function ioprioSet(name: keyof typeof ioPriorityClasses, priority: number): void {
  rawSyscall('ioprio_set', { x64: 251, arm64: 30 }, 'long syscall(long, int, int, int)', [
    number(IOPRIO_WHO_PROCESS, 'IOPRIO_WHO_PROCESS'),
    number(0),
    number(
      (ioPriorityClasses[name] << IOPRIO_CLASS_SHIFT) | priority,
      `IOPRIO_PRIO_VALUE(${name}, ${priority})`,
    ),
  ])
}

/** sys/personality.h. */
export const personalities = { LINUX: 0, LINUX32: 0x0008 } as const

/** personality(2). With LINUX32, uname(2) answers i686 (or armv8l). */
export function personality(name: keyof typeof personalities): void {
  call('personality', 'int personality(ulong)', [number(personalities[name], `PER_${name}`)])
}
