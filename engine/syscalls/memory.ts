// madvise(2): what a process wants of its memory.
//
// Called by libcontainer/clean-pages.ts.
import { call, number } from './libc.ts'

const MADV_DONTNEED = 4

/** madvise(2) with MADV_DONTNEED: the pages of this range are not ours any more, until they are touched again. @throws SyscallError EINVAL for what is locked */
export function dropPages(from: number, length: number): void {
  call('madvise', 'int madvise(uint64_t, size_t, int)', [
    number(from, `0x${from.toString(16)}`),
    number(length),
    number(MADV_DONTNEED, 'MADV_DONTNEED'),
  ])
}
