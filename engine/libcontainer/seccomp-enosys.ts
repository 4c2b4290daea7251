// ENOSYS for system calls that are younger than the profile.
//
// A profile lists what its author knew. A newer libc tries a newer call first,
// and falls back to the older one on ENOSYS, "there is no such call"; the
// profile's EPERM it takes for the final word, and the program fails (clone3 and
// faccessat2 broke whole distributions that way). So calls with a number above
// all that the profile names get ENOSYS. runc and so Docker do the same.
//
// libseccomp cannot say "all from this number on", so these are a few
// instructions in front of its program: classic BPF, as in bpf(4), on
// struct seccomp_data { int nr; __u32 arch; … }.
//
// Next: engine/libcontainer/execute.ts
import { syscallNumber } from '../syscalls/libseccomp.ts'

// linux/bpf_common.h: load a word, jump, return.
const LD_ABS = 0x20
const JA = 0x05
const JEQ = 0x15
const JGT = 0x25
const JGE = 0x35
const RET = 0x06
const nrOffset = 0
const archOffset = 4

const SECCOMP_RET_ERRNO = 0x00050000
const SECCOMP_RET_TRACE = 0x7ff00000
const ENOSYS = 38
const AUDIT_ARCH_X86_64 = 0xc000003e
/** x32 calls x86-64's kernel with this bit set: another table, not newer numbers. */
const __X32_SYSCALL_BIT = 0x40000000

/** Code, jump if true, jump if false, operand: struct sock_filter. */
type Instruction = readonly [code: number, jt: number, jf: number, k: number]

/** No need of it where the default lets a call through, or is ENOSYS itself. */
export function isPermissive(defaultAction: number): boolean {
  // Negative as a signed number: KILL_PROCESS, 0x80000000.
  return defaultAction < 0x80000000
    ? defaultAction >= SECCOMP_RET_TRACE || defaultAction === (SECCOMP_RET_ERRNO | ENOSYS)
    : false
}

/**
 * The program with the answer in front of it.
 * @param tokens architectures of the filter, AUDIT_ARCH_…
 * @param names all system calls that the profile names, whatever it says of them
 */
export function answerNewCalls(
  bpf: Uint8Array,
  tokens: readonly number[],
  names: readonly string[],
): Uint8Array {
  const blocks = tokens.map((token): readonly Instruction[] => {
    const numbers = names.map((name) => syscallNumber(token, name)).filter((found) => found !== undefined)
    // Names nothing of this architecture: nothing is known of its age.
    return numbers.length === 0 ? [] : block(token, Math.max(...numbers))
  })
  const length = blocks.flat().length
  if (length === 0) return bpf
  const code: Instruction[] = [[LD_ABS, 0, 0, archOffset]]
  for (const instructions of blocks) {
    for (const [op, jt, jf, k] of instructions) {
      // The one unconditional jump leads over all that is left, into libseccomp's program.
      code.push(op === JA ? [JA, 0, 0, length - code.length] : [op, jt, jf, k])
    }
  }
  const front = assemble(code)
  const all = new Uint8Array(front.length + bpf.length)
  all.set(front)
  all.set(bpf, front.length)
  return all
}

/** For one architecture: younger than `last`? The accumulator holds the architecture. */
function block(token: number, last: number): Instruction[] {
  const x32: Instruction[] = token === AUDIT_ARCH_X86_64 ? [[JGE, 1, 0, __X32_SYSCALL_BIT]] : []
  const body: Instruction[] = [
    [LD_ABS, 0, 0, nrOffset],
    ...x32,
    [JGT, 1, 0, last],
    [JA, 0, 0, 0],
    [RET, 0, 0, SECCOMP_RET_ERRNO | ENOSYS],
  ]
  return [[JEQ, 0, body.length, token], ...body]
}

function assemble(code: readonly Instruction[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(code.length * 8))
  for (const [index, [op, jt, jf, k]] of code.entries()) {
    view.setUint16(index * 8, op, true)
    view.setUint8(index * 8 + 2, jt)
    view.setUint8(index * 8 + 3, jf)
    view.setUint32(index * 8 + 4, k, true)
  }
  return new Uint8Array(view.buffer)
}
