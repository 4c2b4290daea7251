// What the kernel says while a tree is made, told with the name of the file.
import { EngineError } from '../errors.ts'
import { badArchive, show } from './tar-entry.ts'

/** Answers to a path that cannot be: the archive is to blame. For all others, the host. */
const archiveIsWrong = new Set([
  'ENAMETOOLONG',
  'ENOTDIR',
  'EISDIR',
  'ELOOP',
  'ENOENT',
  'EINVAL',
  'EMLINK',
  'EFBIG',
  'E2BIG',
  'ERANGE',
])
const hostIsFull = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EMFILE', 'ENFILE'])

/** Runs `work`. @throws EngineError that names the entry */
export function within<T>(name: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw unpackError(name, error)
  }
}

export function unpackError(name: string, error: unknown): Error {
  if (error instanceof EngineError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (archiveIsWrong.has(code)) return badArchive(`${show(name)} cannot be made (${code})`, { cause: error })
  const kind = hostIsFull.has(code) ? 'unavailable' : code === 'EPERM' ? 'forbidden' : 'internal'
  return new EngineError(kind, `unpack ${show(name)}`, { cause: error })
}
