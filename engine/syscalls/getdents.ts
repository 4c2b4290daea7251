// getdents64(2): a directory's entries with the kind of each, as far as the file
// system tells. Node's readdir() asks lstat(2) where it does not, and says nothing of it.
//
// struct linux_dirent64 { u64 d_ino; s64 d_off; u16 d_reclen; u8 d_type; char d_name[]; }
import { bytes, number, rawSyscall } from './libc.ts'

const DT_UNKNOWN = 0

/** Whether the file system says what kind of file each entry is, without being asked for its inode. @param fd of a directory with something in it */
export function tellsTypes(fd: number): boolean {
  const buffer = new Uint8Array(4096)
  const length = rawSyscall('getdents64', { x64: 217, arm64: 61 }, 'long syscall(long, int, void*, size_t)', [
    number(fd),
    bytes(buffer, '&entries'),
    number(buffer.length),
  ])
  const view = new DataView(buffer.buffer)
  // "." and ".." come with a type on file systems that know no other's.
  for (let at = 0; at < length; at += view.getUint16(at + 16, true)) {
    const isDots = /^\.{1,2}\0/.test(Buffer.from(buffer.subarray(at + 19, at + 22)).toString('latin1'))
    if (!isDots && view.getUint8(at + 18) === DT_UNKNOWN) return false
  }
  return true
}
