// flock(2): a lock on an open file. The kernel drops it when the file is closed,
// so whoever is killed holds none.
import { SyscallError } from '../errors.ts'
import { call, number } from './libc.ts'

const LOCK_EX = 2
const LOCK_NB = 4

/** The only lock on the file, at once. @returns false while another open file holds it */
export function tryFlock(fd: number): boolean {
  try {
    call('flock', 'int flock(int, int)', [number(fd), number(LOCK_EX | LOCK_NB, 'LOCK_EX|LOCK_NB')])
    return true
  } catch (error) {
    // EWOULDBLOCK has the number of EAGAIN, and either name.
    if (error instanceof SyscallError && /^(EAGAIN|EWOULDBLOCK)$/.test(error.code)) return false
    throw error
  }
}
