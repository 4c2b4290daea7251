// /proc/self/mountinfo, proc_pid_mountinfo(5): what is mounted in this namespace.
//
//   36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw
//              root  where            optional      type
//
// Callers: libcontainer/rootfs.ts asks which mount its root lies in, the graph drivers
// look for what a killed process left mounted.
import { readKernelFile } from './file.ts'

export interface MountInfo {
  /** What of the file system is mounted: "/" when all of it. */
  root: string
  where: string
  /** `shared:2`, `master:1`. */
  optional: string[]
  type: string
}

export function readMountinfo(text = readKernelFile('/proc/self/mountinfo')): MountInfo[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [before = '', after = ''] = line.split(' - ')
      const [, , , root = '', where = '', , ...optional] = before.split(' ')
      return { root: decode(root), where: decode(where), optional, type: after.split(' ')[0] ?? '' }
    })
}

/** Space, tab, newline and backslash come as `\040`: else a line could not be taken apart. */
function decode(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}

/** The mount that `path` lies in; of several at one place, the uppermost. */
export function mountAt(path: string, mounts: readonly MountInfo[]): MountInfo | undefined {
  return mounts
    .filter(({ where }) => where === '/' || path === where || path.startsWith(`${where}/`))
    .reduce<MountInfo | undefined>(
      (best, one) => (best && best.where.length > one.where.length ? best : one),
      undefined,
    )
}
