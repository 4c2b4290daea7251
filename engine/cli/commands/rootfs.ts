// `tocker rootfs DIR`: the smallest root filesystem that is any use, made of this
// machine's busybox: one static program that is three hundred commands.
import { existsSync } from 'node:fs'
import { chmod, copyFile, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { EngineError } from '../../errors.ts'
import { command } from '../../syscalls/command.ts'

const places = ['/bin/busybox', '/usr/bin/busybox', '/sbin/busybox']

export function rootfsCommand(): Command {
  return new Command('rootfs')
    .description("make a small root filesystem of this machine's busybox")
    .argument('<directory>', 'a directory that does not exist yet')
    .action(makeRootfs)
}

async function makeRootfs(directory: string): Promise<void> {
  const target = resolve(directory)
  if (existsSync(target))
    throw new EngineError('conflict', `${target} exists already: name another directory`)
  const busybox = places.find((path) => existsSync(path))
  if (!busybox)
    throw new EngineError('unavailable', "busybox is not installed: run 'apt-get install busybox-static'")
  // Beside, then renamed: whoever sees the directory sees all of it.
  const partial = `${target}.partial-${process.pid}`
  try {
    // #region rootfs
    for (const path of ['bin', 'dev', 'etc', 'proc', 'root', 'sys', 'tmp'])
      await mkdir(join(partial, path), { recursive: true })
    await chmod(join(partial, 'tmp'), 0o1777)
    await copyFile(busybox, join(partial, 'bin/busybox'))
    await chmod(join(partial, 'bin/busybox'), 0o755)
    const applets = command(busybox, '--list')
      .split('\n')
      .filter((name) => name !== '' && name !== 'busybox')
    for (const name of applets) await symlink('busybox', join(partial, 'bin', name))
    // #endregion rootfs
    await writeFile(
      join(partial, 'etc/passwd'),
      'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n',
    )
    await writeFile(join(partial, 'etc/group'), 'root:x:0:\nnogroup:x:65534:\n')
    await rename(partial, target)
    console.log(`${target}: busybox with ${applets.length} commands`)
  } catch (cause) {
    await rm(partial, { recursive: true, force: true })
    throw new EngineError('internal', `make ${target}`, { cause })
  }
}
