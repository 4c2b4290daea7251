// The way into our VM: with this machine's key, and only to the host that has the other
// one (keeper/keys.ts).
//
// Called by qemu.ts for whoever uses the VM, and by the keeper before it saves the VM's
// first state. Next: sandbox-vm/remote.ts
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Remote } from './remote.ts'

/** @param directory of the machine: its keys are there. @throws SandboxError `missing` or `lost`, as Remote.connect() does */
export async function login(directory: string, port: number): Promise<Remote> {
  const [privateKey, hostKey] = await Promise.all([
    readFile(join(directory, 'client')),
    readFile(join(directory, 'ssh_host_ed25519_key.pub'), 'utf8'),
  ])
  const pinned = Buffer.from(hostKey.split(' ')[1] ?? '', 'base64')
  return await Remote.connect({
    ...{ host: '127.0.0.1', port, username: 'root', privateKey },
    algorithms: { serverHostKey: ['ssh-ed25519'] },
    hostVerifier: (key: Buffer) => key.equals(pinned),
  })
}
