// capget(2), capset(2), prctl(2), setresuid(2) and kin: who this thread is, and what it may do.
//
// Credentials belong to a thread. glibc's setresuid(3) would signal every other
// thread of Node to follow (nptl(7)); the system calls by number change this one
// only, which is enough: execve(2) ends all others.
import { type Argument, bytes, call, number, rawSyscall } from './libc.ts'
import { ownMemory, type PreparedCall } from './prepared.ts'

// linux/prctl.h
const PR_SET_DUMPABLE = 4
const PR_SET_KEEPCAPS = 8
const PR_CAPBSET_READ = 23
const PR_CAPBSET_DROP = 24
const PR_SET_NO_NEW_PRIVS = 38
const PR_CAP_AMBIENT = 47
const PR_CAP_AMBIENT_RAISE = 2
const PR_CAP_AMBIENT_CLEAR_ALL = 4
const prctlNumbers = { x64: 157, arm64: 167 }

const nothing = number(0)

/** All five arguments, always: newer options answer EINVAL when one that they do not use is not 0. */
function prctl(option: Argument, a: Argument, b: Argument = nothing): void {
  call('prctl', 'int prctl(int, ulong, ulong, ulong, ulong)', [option, a, b, nothing, nothing])
}

/** PR_SET_NO_NEW_PRIVS: from now on execve(2) grants nothing, be the file set-user-ID or not. There is no way back. */
export function setNoNewPrivileges(): void {
  prctl(number(PR_SET_NO_NEW_PRIVS, 'PR_SET_NO_NEW_PRIVS'), number(1))
}

/** PR_SET_KEEPCAPS: a change from user 0 to another leaves the permitted set. execve(2) ends it. */
export function keepCapabilities(): void {
  prctl(number(PR_SET_KEEPCAPS, 'PR_SET_KEEPCAPS'), number(1))
}

/** PR_SET_DUMPABLE 0: until execve(2), others may not open what /proc shows of us, our executable included. */
export function setUndumpable(): void {
  prctl(number(PR_SET_DUMPABLE, 'PR_SET_DUMPABLE'), number(0, 'SUID_DUMP_DISABLE'))
}

/** PR_CAPBSET_DROP: no execve(2) of this process or its children brings this capability back. */
export function dropBounding(capability: number, name: string): void {
  prctl(number(PR_CAPBSET_DROP, 'PR_CAPBSET_DROP'), number(capability, name))
}

/** PR_CAP_AMBIENT_CLEAR_ALL. */
export function prepareClearAmbient(): PreparedCall {
  return {
    name: 'prctl',
    shown: 'PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL',
    numbers: prctlNumbers,
    args: [PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL],
  }
}

/** PR_CAP_AMBIENT_RAISE: execve(2) passes it on without a set-user-ID bit. It must be permitted and inheritable. */
export function prepareRaiseAmbient(capability: number, name: string): PreparedCall {
  return {
    name: 'prctl',
    shown: `PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, ${name}`,
    numbers: prctlNumbers,
    args: [PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability],
  }
}

/**
 * The highest capability that this kernel has: 40, CAP_CHECKPOINT_RESTORE, since Linux 5.9.
 * /proc/sys/kernel/cap_last_cap says the same, where there is a /proc, and a true one.
 */
export function lastCapability(): number {
  last ??= findLastCapability()
  return last
}

/** A kernel does not learn more. */
let last: number | undefined

function findLastCapability(): number {
  let [known, unknown] = [0, 64]
  while (unknown - known > 1) {
    const middle = (known + unknown) >> 1
    if (isCapability(middle)) known = middle
    else unknown = middle
  }
  return known
}

function isCapability(capability: number): boolean {
  try {
    prctl(number(PR_CAPBSET_READ, 'PR_CAPBSET_READ'), number(capability))
    return true
  } catch {
    return false // EINVAL
  }
}

/** Three of the sets of capabilities(7), one bit a capability. */
export interface CapabilitySets {
  effective: bigint
  permitted: bigint
  inheritable: bigint
}

const _LINUX_CAPABILITY_VERSION_3 = 0x20080522

/** struct __user_cap_header_struct: version, and the thread (0: this one). */
function capabilityHeader(): Uint8Array {
  return new Uint8Array(new Uint32Array([_LINUX_CAPABILITY_VERSION_3, 0]).buffer)
}

/** capget(2). */
export function capget(): CapabilitySets {
  // struct __user_cap_data_struct, twice: the lower 32 capabilities, then the upper.
  const data = new Uint32Array(6)
  call('capget', 'int capget(void*, void*)', [
    bytes(capabilityHeader(), '{_LINUX_CAPABILITY_VERSION_3, 0}'),
    bytes(new Uint8Array(data.buffer), '…'),
  ])
  const set = (index: number): bigint => BigInt(data[index] ?? 0) | (BigInt(data[index + 3] ?? 0) << 32n)
  return { effective: set(0), permitted: set(1), inheritable: set(2) }
}

/** capset(2). A set can shrink at will; it grows only within what is permitted. */
export function prepareCapset(sets: CapabilitySets): PreparedCall {
  const halves = (shift: bigint): number[] =>
    [sets.effective, sets.permitted, sets.inheritable].map((set) => Number((set >> shift) & 0xffffffffn))
  const data = new Uint8Array(new Uint32Array([...halves(0n), ...halves(32n)]).buffer)
  const hexadecimal = (set: bigint): string => `0x${set.toString(16)}`
  return {
    name: 'capset',
    shown: `{_LINUX_CAPABILITY_VERSION_3, 0}, {effective=${hexadecimal(sets.effective)}, permitted=${hexadecimal(sets.permitted)}, inheritable=${hexadecimal(sets.inheritable)}}`,
    numbers: { x64: 126, arm64: 91 },
    args: [ownMemory(capabilityHeader()), ownMemory(data)],
  }
}

/** setgroups(2). */
export function setgroups(groups: readonly number[]): void {
  rawSyscall('setgroups', { x64: 116, arm64: 159 }, 'long syscall(long, size_t, const void*)', [
    number(groups.length),
    bytes(new Uint8Array(new Uint32Array(groups).buffer), JSON.stringify(groups)),
  ])
}

/** setresgid(2): real, effective and saved at once, so that none is left to go back to. */
export function setresgid(gid: number): void {
  rawSyscall('setresgid', { x64: 119, arm64: 149 }, 'long syscall(long, uint, uint, uint)', [
    number(gid),
    number(gid),
    number(gid),
  ])
}

/** setresuid(2). */
export function setresuid(uid: number): void {
  rawSyscall('setresuid', { x64: 117, arm64: 147 }, 'long syscall(long, uint, uint, uint)', [
    number(uid),
    number(uid),
    number(uid),
  ])
}

/** umask(2): it cannot fail. */
export function umask(mask: number): void {
  call('umask', 'uint umask(uint)', [number(mask, `0${mask.toString(8)}`)])
}
