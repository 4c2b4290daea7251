// `tmpcopyup`: a tmpfs that starts as a copy of the directory which it covers.
// What the image has in /run is there, writes go to memory, and the image stays
// as it was. OCI runtime specification, config.md "Linux mount options".
//
// Both directories come as /proc/self/fd/N: the covered one cannot be reached by
// its path any more, since the tmpfs is on it. Rejected: filling the tmpfs at a
// scratch directory of the host's and moving it over, as runc does; that leaves
// something behind when we die in between.
//
// Next: engine/libcontainer/devices.ts
import { closeSync, constants, fchmodSync, fchownSync, fstatSync, openSync } from 'node:fs'
import { copyTree } from '../archive/copy-tree.ts'

const { O_DIRECTORY, O_RDONLY } = constants

/**
 * Copies everything in `from` to `to`: owners, modes, times, extended attributes,
 * hard links, symbolic links and device nodes.
 * @param options of the tmpfs: what they say of its top directory holds
 */
export function copyUp(from: string, to: string, options: readonly string[]): void {
  const source = openSync(from, O_RDONLY | O_DIRECTORY)
  const target = openSync(to, O_RDONLY | O_DIRECTORY)
  const said = (name: string): boolean => options.some((option) => option.startsWith(`${name}=`))
  const { uid, gid, mode } = fstatSync(target)
  try {
    copyTree(source, target)
    if (said('uid') || said('gid')) fchownSync(target, said('uid') ? uid : -1, said('gid') ? gid : -1)
    if (said('mode')) fchmodSync(target, mode & 0o7777)
  } finally {
    closeSync(source)
    closeSync(target)
  }
}
