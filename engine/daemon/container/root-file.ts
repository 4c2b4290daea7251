// A file of a container's tree, read by the daemon: its passwd, its group.
import { closeSync, openSync, readFileSync, statSync } from 'node:fs'
import { RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS } from '../../syscalls/flags.ts'
import { O_PATH, openat2 } from '../../syscalls/open.ts'

/** Of a passwd; a directory service's may have thousands of lines. */
const mostBytes = 2 ** 20

/** A file of a root filesystem, as text; empty when there is none that could be read. The image chose its symbolic links: they end inside. */
export function readInRoot(rootfs: string, path: string): string {
  let root: number
  try {
    root = openSync(rootfs, O_PATH)
  } catch {
    // /proc/PID/root of a process that has ended.
    return ''
  }
  try {
    const fd = openat2(root, path, O_PATH, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
    try {
      const place = `/proc/self/fd/${fd}`
      // A FIFO would keep us waiting, and an image's file may be sparse and as large as it likes.
      const info = statSync(place)
      return info.isFile() && info.size <= mostBytes ? readFileSync(place, 'utf8') : ''
    } finally {
      closeSync(fd)
    }
  } catch {
    return ''
  } finally {
    closeSync(root)
  }
}
