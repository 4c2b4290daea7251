// Flags by their kernel names, and back: the trace shows MS_BIND|MS_REC, not 20480.

/** mount(2). */
export const MS_RDONLY = 0x1
export const MS_NOSUID = 0x2
export const MS_NODEV = 0x4
export const MS_NOEXEC = 0x8
export const MS_REMOUNT = 0x20
export const MS_BIND = 0x1000
export const MS_REC = 0x4000
const MS_PRIVATE = 0x40000
export const MS_SLAVE = 0x80000

export const mountFlags = {
  MS_RDONLY,
  MS_NOSUID,
  MS_NODEV,
  MS_NOEXEC,
  MS_REMOUNT,
  MS_BIND,
  MS_REC,
  MS_PRIVATE,
  MS_SLAVE,
}

/** umount2(2). */
export const MNT_DETACH = 2

/** clone(2), unshare(2), setns(2). */
export const CLONE_NEWTIME = 0x80
export const CLONE_FS = 0x200
export const CLONE_NEWNS = 0x20000
export const CLONE_NEWCGROUP = 0x2000000
export const CLONE_NEWUTS = 0x4000000
export const CLONE_NEWIPC = 0x8000000
export const CLONE_NEWUSER = 0x10000000
export const CLONE_NEWPID = 0x20000000
export const CLONE_NEWNET = 0x40000000

export const cloneFlags = {
  CLONE_NEWTIME,
  CLONE_FS,
  CLONE_NEWNS,
  CLONE_NEWCGROUP,
  CLONE_NEWUTS,
  CLONE_NEWIPC,
  CLONE_NEWUSER,
  CLONE_NEWPID,
  CLONE_NEWNET,
}

/** `MS_BIND|MS_REC`; what has no name comes last, in hexadecimal. */
export function spell(value: number, names: Readonly<Record<string, number>>): string {
  if (value === 0) return '0'
  const parts: string[] = []
  let rest = value
  for (const [name, bit] of Object.entries(names)) {
    if ((rest & bit) === bit) {
      parts.push(name)
      rest &= ~bit
    }
  }
  if (rest !== 0) parts.push(`0x${rest.toString(16)}`)
  return parts.join('|')
}
