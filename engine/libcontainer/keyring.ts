// A session keyring, keyrings(7): who runs in a container must not find the keys of
// whoever started it.
//
// Called by init.ts and midwife.ts.
import { joinNewKeyring } from '../syscalls/process.ts'

/** @param id of the container @param warn is told why there is none, which is not fatal */
export function joinKeyring(id: string, warn: (message: string) => void): void {
  try {
    joinNewKeyring(`_ses.${id}`)
  } catch (error) {
    // ENOSYS without CONFIG_KEYS; EDQUOT when this user has too many already.
    warn(`no session keyring of its own: ${error instanceof Error ? error.message : error}`)
  }
}
