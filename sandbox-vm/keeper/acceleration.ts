// Which accelerator works on this machine. Asked of QEMU by running it: /dev/kvm
// may exist and still not run a kernel (nested virtualisation, permissions).
//
// Called by the keeper before the first boot. The probe starts an empty machine
// and asks it to run; KVM that does not work fails there, within half a second.
import { accessSync, constants } from 'node:fs'
import { execa } from 'execa'

export type Accelerator = 'kvm' | 'hvf' | 'tcg'

export const acceleratorNames: Record<Accelerator, string> = {
  kvm: 'hardware (KVM)',
  hvf: 'hardware (HVF)',
  tcg: 'emulated (TCG)',
}

export function qemuProgram(): string {
  return process.arch === 'arm64' ? 'qemu-system-aarch64' : 'qemu-system-x86_64'
}

/** The fastest accelerator that really starts a kernel. `boot` tells whether the kernel spoke on its serial line. */
export async function probeAccelerator(kernel: string): Promise<Accelerator> {
  const candidate = process.platform === 'darwin' ? 'hvf' : 'kvm'
  if (candidate === 'kvm') {
    try {
      accessSync('/dev/kvm', constants.R_OK | constants.W_OK)
    } catch {
      return 'tcg'
    }
  }
  return (await kernelSpeaks(candidate, kernel)) ? candidate : 'tcg'
}

async function kernelSpeaks(accelerator: Accelerator, kernel: string): Promise<boolean> {
  const arguments_ = [
    ...machineArguments(accelerator),
    ...['-m', '256', '-nodefaults', '-display', 'none', '-no-reboot', '-serial', 'stdio'],
    ...['-kernel', kernel, '-append', `console=${serialConsole()} panic=-1`],
  ]
  const child = execa(qemuProgram(), arguments_, {
    reject: false,
    timeout: 8000,
    buffer: false,
    stdin: 'ignore',
  })
  try {
    for await (const line of child.iterable()) if (line.includes('Linux version')) return true
    return false
  } catch {
    return false
  } finally {
    child.kill('SIGKILL')
    await child
  }
}

/** Machine and CPU model. `max` gives the guest whatever the accelerator can do. */
export function machineArguments(accelerator: Accelerator): string[] {
  const machine = process.arch === 'arm64' ? 'virt' : 'q35'
  const accel = accelerator === 'tcg' ? 'tcg,thread=multi' : accelerator
  return ['-M', machine, '-accel', accel, '-cpu', accelerator === 'tcg' ? 'max' : 'host']
}

export function serialConsole(): string {
  return process.arch === 'arm64' ? 'ttyAMA0' : 'ttyS0'
}
