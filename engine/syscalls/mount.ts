// mount(2), umount2(2), pivot_root(2): calls that change what a path means.
import { MNT_DETACH, mountFlags, spell } from './flags.ts'
import { call, number, rawSyscall, text } from './libc.ts'

export interface MountCall {
  source?: string
  target: string
  /** File system type; left out for bind mounts and changes of propagation. */
  type?: string
  flags?: number
  /** Options of the file system: `mode=755,size=64k`. */
  data?: string
}

/** mount(2). */
export function mount({ source, target, type, flags = 0, data }: MountCall): void {
  call('mount', 'int mount(const char*, const char*, const char*, ulong, const char*)', [
    text(source ?? null),
    text(target),
    text(type ?? null),
    number(flags, spell(flags, mountFlags)),
    text(data ?? null),
  ])
}

/** umount2(2). With MNT_DETACH the mount leaves the tree at once, and ends when its last user does. */
export function umount2(target: string, flags: number): void {
  call('umount2', 'int umount2(const char*, int)', [
    text(target),
    number(flags, spell(flags, { MNT_DETACH })),
  ])
}

/** pivot_root(2). glibc has no function for it. */
export function pivotRoot(newRoot: string, putOld: string): void {
  rawSyscall('pivot_root', { x64: 155, arm64: 41 }, 'long syscall(long, const char*, const char*)', [
    text(newRoot),
    text(putOld),
  ])
}
