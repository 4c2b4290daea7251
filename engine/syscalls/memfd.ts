// memfd_create(2): a file without a name, in memory, gone when its last descriptor is.
import { call, number, text } from './libc.ts'

const MFD_CLOEXEC = 1

/** @param name for /proc/PID/fd only @returns its descriptor */
export function memfdCreate(name: string): number {
  return call('memfd_create', 'int memfd_create(const char*, uint)', [
    text(name),
    number(MFD_CLOEXEC, 'MFD_CLOEXEC'),
  ])
}
