// Names of errnos, as errno(3) lists them.
import { constants } from 'node:os'

const names = new Map(Object.entries(constants.errno).map(([name, value]) => [value, name]))

/** `EBUSY` for 16. */
export function errnoName(errno: number): string {
  return names.get(errno) ?? `errno ${errno}`
}
