// What the kernel does with a seccomp program, as an interpreter of classic BPF:
// the tests ask it about a system call without making one. linux/filter.h.

const AUDIT_ARCH = { x64: 0xc000003e, arm64: 0xc00000b7, x86: 0x40000003 } as const

export interface Call {
  nr: number
  arch?: keyof typeof AUDIT_ARCH
  args?: readonly (number | bigint)[]
}

/** `allow`, `errno 1`, `kill thread` … */
export function judge(bpf: Uint8Array, { nr, arch = 'x64', args = [] }: Call): string {
  // struct seccomp_data { int nr; __u32 arch; __u64 instruction_pointer; __u64 args[6]; }
  const data = new DataView(new ArrayBuffer(64))
  data.setUint32(0, nr, true)
  data.setUint32(4, AUDIT_ARCH[arch], true)
  for (const [index, value] of args.entries()) data.setBigUint64(16 + index * 8, BigInt(value), true)
  return describe(run(new DataView(bpf.buffer, bpf.byteOffset, bpf.length), data))
}

function run(program: DataView, data: DataView): number {
  let accumulator = 0
  for (let pc = 0; pc < program.byteLength / 8; pc++) {
    const code = program.getUint16(pc * 8, true)
    const [yes, no] = [program.getUint8(pc * 8 + 2), program.getUint8(pc * 8 + 3)]
    const k = program.getUint32(pc * 8 + 4, true)
    const jump = (taken: boolean): void => {
      pc += taken ? yes : no
    }
    if (code === 0x20) accumulator = data.getUint32(k, true)
    else if (code === 0x05) pc += k
    else if (code === 0x15) jump(accumulator === k)
    else if (code === 0x25) jump(accumulator > k)
    else if (code === 0x35) jump(accumulator >= k)
    else if (code === 0x45) jump((accumulator & k) !== 0)
    else if (code === 0x54) accumulator = (accumulator & k) >>> 0
    else if (code === 0x06) return k
    else throw new Error(`instruction ${pc}: code 0x${code.toString(16)} is not known here`)
  }
  throw new Error('the program has no end')
}

function describe(verdict: number): string {
  const value = verdict & 0xffff
  switch ((verdict & 0xffff0000) >>> 0) {
    case 0x00000000:
      return 'kill thread'
    case 0x80000000:
      return 'kill process'
    case 0x00030000:
      return 'trap'
    case 0x00050000:
      return `errno ${value}`
    case 0x7ff00000:
      return `trace ${value}`
    case 0x7ffc0000:
      return 'log'
    case 0x7fff0000:
      return 'allow'
    default:
      return `0x${verdict.toString(16)}`
  }
}
