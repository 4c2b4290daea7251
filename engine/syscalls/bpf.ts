// bpf(2): programs in the kernel. Only what a cgroup's device rules need.
//
// The call takes a number of a command, and a union that each command lays out in
// its own way (`union bpf_attr` of linux/bpf.h). Its pointers are plain 64-bit
// numbers, so a buffer's address must be known here.

import { spell } from './flags.ts'
import { address, bytes, number, rawSyscall } from './libc.ts'

const BPF_PROG_LOAD = 5
const BPF_PROG_ATTACH = 8
const BPF_PROG_DETACH = 9
const BPF_PROG_GET_FD_BY_ID = 13
const BPF_PROG_QUERY = 16
const commands = { BPF_PROG_LOAD, BPF_PROG_ATTACH, BPF_PROG_DETACH, BPF_PROG_GET_FD_BY_ID, BPF_PROG_QUERY }

const BPF_PROG_TYPE_CGROUP_DEVICE = 15
const BPF_CGROUP_DEVICE = 6

/** Several programs in one cgroup; each must say yes. */
export const BPF_F_ALLOW_MULTI = 2
/** In place of the program that is named; Linux 5.6. */
export const BPF_F_REPLACE = 4
const attachFlags = { BPF_F_ALLOW_MULTI, BPF_F_REPLACE }

function bpf(command: keyof typeof commands, attributes: Uint8Array, shown: string): number {
  return rawSyscall('bpf', { x64: 321, arm64: 280 }, 'long syscall(long, int, void*, uint)', [
    number(commands[command], command),
    bytes(attributes, `{${shown}}`),
    number(attributes.length),
  ])
}

/** 128 bytes: more than any command here reads. The kernel takes the rest for zeros, as it is. */
function attributes(): { view: DataView<ArrayBuffer>; bytes: Uint8Array<ArrayBuffer> } {
  const buffer = new ArrayBuffer(128)
  return { view: new DataView(buffer), bytes: new Uint8Array(buffer) }
}

/** A `BPF_PROG_TYPE_CGROUP_DEVICE` program. @returns its descriptor @throws SyscallError with the verifier's words */
export function bpfLoadDeviceProgram(instructions: Uint8Array): number {
  const { view, bytes } = attributes()
  // A program that calls no function of the kernel may have any licence; ours is this one.
  const license = Buffer.from('Apache-2.0\0')
  view.setUint32(0, BPF_PROG_TYPE_CGROUP_DEVICE, true)
  view.setUint32(4, instructions.length / 8, true)
  view.setBigUint64(8, address(instructions), true)
  view.setBigUint64(16, address(license), true)
  const shown = `BPF_PROG_TYPE_CGROUP_DEVICE, ${instructions.length / 8} instructions`
  return bpf('BPF_PROG_LOAD', bytes, shown)
}

/** Puts a program to a cgroup. @param replaced with BPF_F_REPLACE, the one that goes */
export function bpfAttach(cgroup: number, program: number, flags: number, replaced = 0): void {
  const { view, bytes } = attributes()
  view.setUint32(0, cgroup, true)
  view.setUint32(4, program, true)
  view.setUint32(8, BPF_CGROUP_DEVICE, true)
  view.setUint32(12, flags, true)
  view.setUint32(16, replaced, true)
  bpf('BPF_PROG_ATTACH', bytes, `${cgroup}, ${program}, BPF_CGROUP_DEVICE, ${spell(flags, attachFlags)}`)
}

export function bpfDetach(cgroup: number, program: number): void {
  const { view, bytes } = attributes()
  view.setUint32(0, cgroup, true)
  view.setUint32(4, program, true)
  view.setUint32(8, BPF_CGROUP_DEVICE, true)
  bpf('BPF_PROG_DETACH', bytes, `${cgroup}, ${program}, BPF_CGROUP_DEVICE`)
}

/** Identifiers of the device programs of a cgroup itself, without its parents'; 64 at most, as the kernel allows. */
export function bpfAttached(cgroup: number): number[] {
  const { view, bytes } = attributes()
  const ids = new Uint32Array(64)
  view.setUint32(0, cgroup, true)
  view.setUint32(4, BPF_CGROUP_DEVICE, true)
  view.setBigUint64(16, address(new Uint8Array(ids.buffer)), true)
  view.setUint32(24, ids.length, true)
  bpf('BPF_PROG_QUERY', bytes, `${cgroup}, BPF_CGROUP_DEVICE`)
  return [...ids.subarray(0, view.getUint32(24, true))]
}

/** @returns a descriptor of the program with this identifier */
export function bpfProgramById(id: number): number {
  const { view, bytes } = attributes()
  view.setUint32(0, id, true)
  return bpf('BPF_PROG_GET_FD_BY_ID', bytes, String(id))
}
