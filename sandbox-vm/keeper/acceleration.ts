// Which accelerator works on this machine. Asked of QEMU by running it: /dev/kvm
// may exist and still not run a kernel (nested virtualisation, permissions).
//
// Called by the keeper before the first boot. The probe boots our kernel and
// listens on the serial line; the answer holds until the machine boots again.
import { accessSync, constants } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { z } from 'zod'

const acceleratorSchema = z.enum(['kvm', 'hvf', 'tcg'])
export type Accelerator = z.infer<typeof acceleratorSchema>

export const acceleratorNames: Record<Accelerator, string> = {
  kvm: 'hardware (KVM)',
  hvf: 'hardware (HVF)',
  tcg: 'emulated (TCG)',
}

export function qemuProgram(): string {
  return process.arch === 'arm64' ? 'qemu-system-aarch64' : 'qemu-system-x86_64'
}

/**
 * The fastest accelerator that really starts a kernel.
 * @param directory where the answer is kept, for this boot of the machine and this QEMU
 */
export async function findAccelerator(
  directory: string,
  kernel: string,
  qemuVersion: string,
): Promise<Accelerator> {
  const candidate = process.platform === 'darwin' ? 'hvf' : 'kvm'
  if (candidate === 'kvm' && !kvmIsOpen()) return 'tcg'
  const file = join(directory, 'acceleration')
  const label = `${await bootId()} ${qemuVersion}`
  const [known, answer] = (await readFile(file, 'utf8').catch(() => '')).split('\n')
  const cached = acceleratorSchema.safeParse(answer)
  if (known === label && cached.success) return cached.data
  const found = (await kernelSpeaks(candidate, kernel)) ? candidate : 'tcg'
  await writeFile(file, `${label}\n${found}\n`)
  return found
}

/** False also when it is there but belongs to a group that we are not in. */
function kvmIsOpen(): boolean {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK)
    return true
  } catch {
    return false
  }
}

async function bootId(): Promise<string> {
  if (process.platform === 'darwin')
    return (await execa('sysctl', ['-n', 'kern.bootsessionuuid'], { reject: false })).stdout
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
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
