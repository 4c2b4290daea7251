// Puts the program of device-program.ts to a cgroup, in place of the one before it.
//
// With BPF_F_ALLOW_MULTI a cgroup can hold several, and a parent's runs beside its
// child's: a device is open when all of them say yes. So nobody below can allow
// itself more, a container in a container included. Without the flag the attaching
// fails with EPERM where a parent's was put with it (systemd does so).
//
// Called by v2.ts. Next: engine/syscalls/bpf.ts
import { closeSync, constants, openSync } from 'node:fs'
import { EngineError } from '../../errors.ts'
import {
  BPF_F_ALLOW_MULTI,
  BPF_F_REPLACE,
  bpfAttach,
  bpfAttached,
  bpfDetach,
  bpfLoadDeviceProgram,
  bpfProgramById,
} from '../../syscalls/bpf.ts'
import { deviceProgram, encode } from './device-program.ts'
import type { Rule } from './device-rules.ts'
import { resourcesPath } from './setting.ts'

/**
 * Replaces the rules of this cgroup.
 * @throws EngineError `forbidden`: programs take CAP_BPF and CAP_NET_ADMIN, or root, of the host's user namespace
 */
export function attachDeviceRules(directory: string, rules: readonly Rule[]): void {
  const open: number[] = []
  const keep = (fd: number): number => {
    open.push(fd)
    return fd
  }
  try {
    const cgroup = keep(openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY))
    const program = keep(bpfLoadDeviceProgram(encode(deviceProgram(rules))))
    const before = bpfAttached(cgroup).map((id) => keep(bpfProgramById(id)))
    const [only] = before
    if (before.length === 1 && only !== undefined) {
      // In one step: no moment with both, none with neither.
      bpfAttach(cgroup, program, BPF_F_ALLOW_MULTI | BPF_F_REPLACE, only)
      return
    }
    // First the new, then the old away: with both, less is allowed, never more.
    bpfAttach(cgroup, program, BPF_F_ALLOW_MULTI)
    for (const old of before) bpfDetach(cgroup, old)
  } catch (cause) {
    throw new EngineError('forbidden', `${resourcesPath}.devices: attach a device program to ${directory}`, {
      cause,
    })
  } finally {
    // The cgroup holds its program by itself, until it is removed.
    for (const fd of open) closeSync(fd)
  }
}
