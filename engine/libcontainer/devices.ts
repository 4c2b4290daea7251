// /dev of a container: six device nodes and five links.
//
// A node is a name for a driver in the kernel, given by two numbers
// (Documentation/admin-guide/devices.txt). These six are harmless; a node of the
// host's disk would be the host's disk.
//
// Runs in init, after mountDefaults() has put a tmpfs on /dev.
//
// Next: engine/libcontainer/init.ts
import { symlinkSync } from 'node:fs'
import { EngineError } from '../errors.ts'
import { mknodCharacter } from '../syscalls/process.ts'

const devices: readonly [name: string, major: number, minor: number][] = [
  ['null', 1, 3],
  ['zero', 1, 5],
  ['full', 1, 7],
  ['random', 1, 8],
  ['urandom', 1, 9],
  ['tty', 5, 0],
]

const links: readonly [target: string, path: string][] = [
  ['/proc/self/fd', '/dev/fd'],
  ['/proc/self/fd/0', '/dev/stdin'],
  ['/proc/self/fd/1', '/dev/stdout'],
  ['/proc/self/fd/2', '/dev/stderr'],
  ['pts/ptmx', '/dev/ptmx'],
]

export function makeDevices(): void {
  // mknod(2) takes the umask off the mode; these must be open to everybody.
  const umask = process.umask(0)
  try {
    for (const [name, major, minor] of devices) mknodCharacter(`/dev/${name}`, 0o666, major, minor)
    for (const [target, path] of links) symlinkSync(target, path)
  } catch (cause) {
    throw new EngineError('forbidden', 'make the nodes in /dev (CAP_MKNOD is needed)', { cause })
  } finally {
    process.umask(umask)
  }
}
