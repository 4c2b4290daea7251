// The way into a sandbox: picks the provider by name.
//
// Next: sandbox-vm/qemu.ts
import { type OpenOptions, type Sandbox, SandboxError } from './sandbox.ts'

/**
 * @param spec `qemu` (the default), `ssh://user@host[:port]` or `local`
 * @throws SandboxError with one line that says what is missing and what to do
 */
export async function openSandbox(spec = 'qemu', options: OpenOptions = {}): Promise<Sandbox> {
  // Imported when chosen: SSH and the image builder are not free to load.
  if (spec === 'qemu') return (await import('./qemu.ts')).openQemu(options)
  if (spec === 'local') return (await import('./local.ts')).openLocal(options)
  if (spec.startsWith('ssh://')) return (await import('./ssh.ts')).openSsh(spec, options)
  throw new SandboxError('failed', `no sandbox called ${spec}: use qemu, local or ssh://user@host`)
}
