// The machine's SSH keys: made once per machine, never part of an image.
//
// They travel to the guest in a second initramfs, which the kernel unpacks over
// the first. So the image stays the same for everybody, and two people's VMs
// have different keys.
import { existsSync } from 'node:fs'
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { execa } from 'execa'
import type { Image } from '../image/build.ts'

/** Makes keys and `initrd` in `directory` unless they are there. Returns the path of the initrd. */
export async function ensureKeys(directory: string, image: Image): Promise<string> {
  const initrd = join(directory, `initrd-${image.key}`)
  if (existsSync(initrd)) return initrd
  const client = join(directory, 'client')
  const host = join(directory, 'ssh_host_ed25519_key')
  for (const [path, comment] of [
    [client, 'learn-containers'],
    [host, 'lab'],
  ] as const) {
    if (!existsSync(`${path}.pub`)) {
      await rm(path, { force: true })
      await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', path])
    }
  }
  const staging = join(directory, 'staging')
  await rm(staging, { recursive: true, force: true })
  await mkdir(join(staging, 'keys'), { recursive: true })
  await cp(host, join(staging, 'keys/ssh_host_ed25519_key'))
  await cp(`${host}.pub`, join(staging, 'keys/ssh_host_ed25519_key.pub'))
  await cp(`${client}.pub`, join(staging, 'keys/authorized_keys'))
  const files = [
    'keys',
    ...['ssh_host_ed25519_key', 'ssh_host_ed25519_key.pub', 'authorized_keys'].map((f) => `keys/${f}`),
  ]
  const { stdout } = await execa('cpio', ['-o', '-H', 'newc', '--quiet'], {
    cwd: staging,
    input: files.join('\n'),
    encoding: 'buffer',
  })
  await rm(staging, { recursive: true, force: true })
  await writeFile(`${initrd}.new`, Buffer.concat([await readFile(image.initrd), gzipSync(stdout)]), {
    mode: 0o600,
  })
  await rename(`${initrd}.new`, initrd)
  return initrd
}
