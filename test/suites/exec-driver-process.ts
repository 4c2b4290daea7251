// Of the suite of exec drivers: a process as OCI has it, and descriptors for it.
import { closeSync, openSync } from 'node:fs'
import type { Json } from './bundle-config.ts'

export const processOf = (args: readonly string[], more: Json = {}) => ({
  args: [...args],
  cwd: '/',
  env: ['PATH=/bin'],
  user: { uid: 0, gid: 0 },
  ...more,
})

/** Nothing to read, and a file for what it writes. */
export async function stdio<T>(
  path: string,
  work: (fds: [number, number, number]) => Promise<T>,
): Promise<T> {
  const none = openSync('/dev/null', 'r')
  const out = openSync(path, 'a')
  try {
    return await work([none, out, out])
  } finally {
    closeSync(none)
    closeSync(out)
  }
}
