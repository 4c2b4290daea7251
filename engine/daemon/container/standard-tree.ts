// What is in every container's tree because something is mounted there, and in few images:
// directories and empty files. Made once, in a layer between image and container, so that
// `docker diff` does not tell of them and `docker commit` does not keep them.
//
// The image chose what is there already, symbolic links among it: each is looked at inside
// the tree, and what is there stays.
//
// Called by jobs/container-create.ts.
import { closeSync, constants, lchownSync, lstatSync, mkdirSync, openSync, symlinkSync } from 'node:fs'
import { posix } from 'node:path'
import type { Owners } from '../../archive/owners.ts'
import { RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS } from '../../syscalls/flags.ts'
import { O_PATH, openat2 } from '../../syscalls/open.ts'

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY, O_DIRECTORY } = constants

/** Docker's list: parents first. */
const directories = ['dev', 'dev/pts', 'dev/shm', 'proc', 'sys', 'etc']
const files = ['.dockerenv', 'etc/hostname', 'etc/hosts', 'etc/resolv.conf', 'dev/console']
const links = { 'etc/mtab': '/proc/mounts' }

/** @param owners where containers have users of their own: what is made is their root's */
export function makeMountPoints(tree: string, owners?: Owners): void {
  const own = (place: string): void => {
    if (owners) lchownSync(place, owners.root.uid, owners.root.gid)
  }
  // Of an image without a layer the daemon has made it, too.
  if (lstatSync(tree).uid === 0) own(tree)
  const make = (path: string, how: (place: string) => void): void =>
    within(tree, path, (place) => {
      how(place)
      own(place)
    })
  for (const path of directories) make(path, (place) => mkdirSync(place, 0o755))
  for (const path of files)
    make(path, (place) => closeSync(openSync(place, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0o755)))
  for (const [path, target] of Object.entries(links)) make(path, (place) => symlinkSync(target, place))
}

function within(tree: string, path: string, make: (place: string) => void): void {
  const root = openSync(tree, O_PATH | O_DIRECTORY)
  try {
    const parent = openat2(
      root,
      posix.dirname(path),
      O_PATH | O_DIRECTORY,
      RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
    )
    try {
      make(`/proc/self/fd/${parent}/${posix.basename(path)}`)
    } finally {
      closeSync(parent)
    }
  } catch {
    // EEXIST: the image has it. ENOENT, ENOTDIR: it has something else in the way, and mounting will say so.
  } finally {
    closeSync(root)
  }
}
