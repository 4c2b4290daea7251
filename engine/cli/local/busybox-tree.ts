// The smallest root filesystem that is any use, made of this machine's busybox: one static
// program that is three hundred commands.
//
// Called by `tocker rootfs` and by bootstrap.ts.
import { existsSync } from 'node:fs'
import { chmod, copyFile, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EngineError } from '../../errors.ts'
import { command } from '../../syscalls/command.ts'

const places = ['/bin/busybox', '/usr/bin/busybox', '/sbin/busybox']

/** @throws EngineError `unavailable` when it is not installed */
export function findBusybox(): string {
  const busybox = places.find((path) => existsSync(path))
  if (busybox === undefined)
    throw new EngineError('unavailable', "busybox is not installed: run 'apt-get install busybox-static'")
  return busybox
}

/**
 * @param directory which is made, with all above it
 * @returns how many commands it has
 */
export async function makeBusyboxTree(busybox: string, directory: string): Promise<number> {
  // #region rootfs
  for (const path of ['bin', 'dev', 'etc', 'proc', 'root', 'sys', 'tmp'])
    await mkdir(join(directory, path), { recursive: true })
  await chmod(join(directory, 'tmp'), 0o1777)
  await copyFile(busybox, join(directory, 'bin/busybox'))
  await chmod(join(directory, 'bin/busybox'), 0o755)
  const applets = command(busybox, '--list')
    .split('\n')
    .filter((name) => name !== '' && name !== 'busybox')
  for (const name of applets) await symlink('busybox', join(directory, 'bin', name))
  // #endregion rootfs
  await writeFile(
    join(directory, 'etc/passwd'),
    'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n',
  )
  await writeFile(join(directory, 'etc/group'), 'root:x:0:\nnogroup:x:65534:\n')
  return applets.length
}
