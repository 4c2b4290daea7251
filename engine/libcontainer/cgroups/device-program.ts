// Device rules on cgroup v2 are a program: there is no file for them. Pure.
//
// The kernel runs it each time a process of the cgroup opens or makes a device node,
// gives it what is being tried, and takes 1 for yes and 0 for no (EPERM). It is BPF:
// 64-bit registers r0 to r9, instructions of 8 bytes, jumps forward only, and a
// verifier that refuses what it cannot follow (bpf(2); instruction-set.rst of the
// kernel). For the rules "deny all, allow c 1:3 rw" it reads:
//
//      r3 = [r1 + 0]            what is tried, and on which kind of device
//      r2 = r3 & 0xffff         the kind: 1 block, 2 character
//      r3 = r3 >> 16            what is tried: 1 mknod, 2 read, 4 write
//      r4 = [r1 + 4]            major
//      r5 = [r1 + 8]            minor
//      if r2 != 2 goto next     the last rule comes first
//      if r4 != 1 goto next
//      if r5 != 3 goto next
//      r3 = r3 & 1              read and write are granted, mknod is still open
//      if r3 != 0 goto next
//      r0 = 1; exit             all granted
//      next:
//      r0 = 0; exit             the rule on everything
//
// Called by devices-v2.ts. Next: engine/libcontainer/cgroups/devices-v2.ts
import type { Rule } from './device-rules.ts'

/** One instruction: `struct bpf_insn` of linux/bpf.h. */
export interface Instruction {
  /** As bpftool(8) and the drawing above spell it. */
  text: string
  opcode: number
  destination: number
  source: number
  /** Of a jump: how many instructions to skip. Of a load: how many bytes after the pointer. */
  offset: number
  immediate: number
}

// linux/bpf.h and linux/bpf_common.h: a class of instruction, and what it does.
const BPF_LDX_MEM_W = 0x61
const BPF_ALU64_MOV_X = 0xbf
const BPF_ALU64_MOV_K = 0xb7
const BPF_ALU64_AND_K = 0x57
const BPF_ALU64_RSH_K = 0x77
const BPF_JMP_JEQ_K = 0x15
const BPF_JMP_JNE_K = 0x55
const BPF_JMP_EXIT = 0x95

// struct bpf_cgroup_dev_ctx.
const BPF_DEVCG_DEV_BLOCK = 1
const BPF_DEVCG_DEV_CHAR = 2
const accessBits: Readonly<Record<string, number>> = { m: 1, r: 2, w: 4 }
const allAccess = 7

const [result, context, kind, access, major, minor] = [0, 1, 2, 3, 4, 5]

function load(destination: number, offset: number): Instruction {
  const text = `r${destination} = [r${context} + ${offset}]`
  return { text, opcode: BPF_LDX_MEM_W, destination, source: context, offset, immediate: 0 }
}
function plain(
  text: string,
  opcode: number,
  destination: number,
  immediate: number,
  source = 0,
): Instruction {
  return { text, opcode, destination, source, offset: 0, immediate }
}
const copy = (to: number, from: number): Instruction =>
  plain(`r${to} = r${from}`, BPF_ALU64_MOV_X, to, 0, from)
const set = (to: number, value: number): Instruction => plain(`r${to} = ${value}`, BPF_ALU64_MOV_K, to, value)
const and = (to: number, mask: number): Instruction => plain(`r${to} &= ${mask}`, BPF_ALU64_AND_K, to, mask)
const shift = (to: number, by: number): Instruction => plain(`r${to} >>= ${by}`, BPF_ALU64_RSH_K, to, by)
const decide = (yes: boolean): Instruction[] => [set(result, yes ? 1 : 0), plain('exit', BPF_JMP_EXIT, 0, 0)]

/** A jump to the next rule; how far that is, is known when the rule is complete. */
function skipIf(register: number, comparison: '==' | '!=', value: number): Instruction {
  const opcode = comparison === '==' ? BPF_JMP_JEQ_K : BPF_JMP_JNE_K
  return plain(`if r${register} ${comparison} ${value} goto next`, opcode, register, value)
}

// #region device-program
/**
 * @param rules complete: the first speaks of everything
 * @returns the program, at most 11 instructions for a rule
 */
export function deviceProgram(rules: readonly Rule[]): Instruction[] {
  const start = [
    load(access, 0),
    copy(kind, access),
    and(kind, 0xffff),
    shift(access, 16),
    load(major, 4),
    load(minor, 8),
  ]
  const program = [...start]
  // The last rule that speaks of a device decides, so the last is asked first.
  for (const rule of rules.toReversed()) {
    const block = ruleInstructions(rule)
    program.push(...block)
    // Nothing gets past a rule on everything, and the verifier refuses what cannot be reached.
    if (!block.some(({ text }) => text.startsWith('if'))) return program
  }
  return [...program, ...decide(false)]
}

function ruleInstructions(rule: Rule): Instruction[] {
  const block: Instruction[] = []
  if (rule.type !== 'a')
    block.push(skipIf(kind, '!=', rule.type === 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR))
  if (rule.major !== '*') block.push(skipIf(major, '!=', rule.major))
  if (rule.minor !== '*') block.push(skipIf(minor, '!=', rule.minor))
  const bits = [...rule.access].reduce((sum, letter) => sum | (accessBits[letter] ?? 0), 0)
  if (bits !== allAccess && rule.allow) {
    // Part of what is tried is granted; the rest is for the rules before this one.
    block.push(and(access, allAccess & ~bits), skipIf(access, '!=', 0))
  } else if (bits !== allAccess) {
    // One forbidden part is enough to refuse the whole.
    block.push(copy(result, access), and(result, bits), skipIf(result, '==', 0))
  }
  block.push(...decide(rule.allow))
  return block.map((one, index) =>
    one.text.startsWith('if') ? { ...one, offset: block.length - index - 1 } : one,
  )
}
// #endregion device-program

/** As the kernel takes it: 8 bytes an instruction, in the machine's byte order, which is little endian here. */
export function encode(program: readonly Instruction[]): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(program.length * 8))
  for (const [index, { opcode, destination, source, offset, immediate }] of program.entries()) {
    const at = index * 8
    bytes.setUint8(at, opcode)
    bytes.setUint8(at + 1, (source << 4) | destination)
    bytes.setInt16(at + 2, offset, true)
    bytes.setInt32(at + 4, immediate | 0, true)
  }
  return new Uint8Array(bytes.buffer)
}
