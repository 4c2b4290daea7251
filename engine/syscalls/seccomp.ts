// seccomp(2): from now on the kernel runs a little program before each system
// call of this thread, and does what its answer says.
//
// The program is classic BPF, bpf(4): struct sock_filter of 8 bytes each,
// compiled beforehand by libseccomp.ts.
import { spell } from './flags.ts'
import { type Argument, address, bytes, number, rawSyscall } from './libc.ts'
import type { PreparedCall } from './prepared.ts'

const SECCOMP_SET_MODE_FILTER = 1

/** linux/seccomp.h. */
export const filterFlags = {
  SECCOMP_FILTER_FLAG_TSYNC: 0x1,
  SECCOMP_FILTER_FLAG_LOG: 0x2,
  SECCOMP_FILTER_FLAG_SPEC_ALLOW: 0x4,
  SECCOMP_FILTER_FLAG_NEW_LISTENER: 0x8,
  SECCOMP_FILTER_FLAG_TSYNC_ESRCH: 0x10,
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: 0x20,
} as const

/**
 * seccomp(2) SECCOMP_SET_MODE_FILTER. The kernel wants no_new_privs, or
 * CAP_SYS_ADMIN in this user namespace: EACCES otherwise.
 * @param bpf a multiple of 8 bytes, 4096 instructions at most
 */
export function prepareFilter(bpf: Uint8Array, flags: number): PreparedCall {
  // A copy with memory of its own: the structure below holds its address.
  const filter = new Uint8Array(Math.max(bpf.length, 4096))
  filter.set(bpf)
  // struct sock_fprog { unsigned short len; struct sock_filter *filter; }
  const program = new DataView(new ArrayBuffer(16))
  program.setUint16(0, bpf.length / 8, true)
  program.setBigUint64(8, address(filter), true)
  const args: Argument[] = [
    number(SECCOMP_SET_MODE_FILTER, 'SECCOMP_SET_MODE_FILTER'),
    number(flags, spell(flags, filterFlags)),
    bytes(new Uint8Array(program.buffer), `{len=${bpf.length / 8}, filter=…}`),
  ]
  const seccomp = (all: readonly Argument[]): void =>
    void rawSyscall('seccomp', { x64: 317, arm64: 277 }, 'long syscall(long, uint, uint, const void*)', all)
  return {
    name: 'seccomp',
    shown: args.map(({ shown }) => shown).join(', '),
    // `filter` is named here so that the collector leaves it alone until then.
    go: (inVain) => {
      // No such operation: EINVAL.
      if (filter.length > 0) seccomp(inVain ? [number(0xffff), ...args.slice(1)] : args)
    },
  }
}
