// seccomp(2): from now on the kernel runs a little program before each system
// call of this thread, and does what its answer says.
//
// The program is classic BPF, bpf(4): struct sock_filter of 8 bytes each,
// compiled beforehand by libseccomp.ts.
import { spell } from './flags.ts'
import { address } from './libc.ts'
import { ownMemory, type PreparedCall } from './prepared.ts'

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
  const filter = ownMemory(bpf)
  // struct sock_fprog { unsigned short len; struct sock_filter *filter; }
  const program = new DataView(new ArrayBuffer(16))
  program.setUint16(0, bpf.length / 8, true)
  program.setBigUint64(8, address(filter), true)
  return {
    name: 'seccomp',
    shown: `SECCOMP_SET_MODE_FILTER, ${spell(flags, filterFlags)}, {len=${bpf.length / 8}, filter=…}`,
    numbers: { x64: 317, arm64: 277 },
    // The kernel reads three. The fourth is for V8: an address alone would not keep the filter's memory.
    args: [SECCOMP_SET_MODE_FILTER, flags, new Uint8Array(program.buffer), filter],
  }
}
