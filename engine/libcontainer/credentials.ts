// Who the container's process is: user, groups, umask, and what follows from it.
//
// config.md, "User". The numbers are the container's; a user namespace, where
// there is one, translates them.
//
// Next: engine/libcontainer/seccomp.ts
import { fchownSync, fstatSync, readFileSync } from 'node:fs'
import { EngineError } from '../errors.ts'
import { setgroups, setresgid, setresuid, umask } from '../syscalls/credentials.ts'
import type { User } from './config/process.ts'

/**
 * Becomes the user. The order is the point: with another user's ID we could not
 * change groups any more (EPERM), and without setgroups(2) we would keep root's.
 */
export function becomeUser(user: User): void {
  umask(user.umask ?? 0o022)
  setSupplementaryGroups(user.additionalGids ?? [])
  try {
    setresgid(user.gid)
    setresuid(user.uid)
  } catch (cause) {
    // EINVAL: the user namespace has no such number.
    throw new EngineError(
      'invalid',
      `become user ${user.uid}, group ${user.gid} ($.process.user): are both in the maps of the user namespace?`,
      { cause },
    )
  }
}

function setSupplementaryGroups(groups: readonly number[]): void {
  try {
    setgroups(groups)
  } catch (cause) {
    // Who made a user namespace without privileges may not call it at all: to
    // leave a group can open what was closed to that group, user_namespaces(7).
    if (groups.length === 0) return
    throw new EngineError(
      'forbidden',
      'set additional groups ($.process.user.additionalGids): a rootless user namespace does not let us',
      { cause },
    )
  }
}

/**
 * Gives 0, 1 and 2 to the user. They were opened by somebody else, often root,
 * and `echo > /dev/stderr` opens them anew: EACCES without this.
 */
export function giveStandardStreams(user: User): void {
  for (const fd of [0, 1, 2]) {
    try {
      const stream = fstatSync(fd)
      // Everybody's /dev/null (1:3) stays everybody's; what is the user's already is done.
      const isNull = stream.isCharacterDevice() && stream.rdev === 0x103
      if (!isNull && stream.uid !== user.uid) fchownSync(fd, user.uid, stream.gid)
    } catch {
      // Closed, a socket (EINVAL), on a read-only file system or not ours to give:
      // the stream works all the same, only opening it anew does not.
    }
  }
}

/** What the config says, and HOME when it says nothing: programs count on it, and managers leave it to us. */
export function processEnvironment(env: readonly string[], uid: number): string[] {
  const hasHome = env.some((entry) => entry.startsWith('HOME='))
  return hasHome ? [...env] : [...env, `HOME=${homeOf(uid)}`]
}

/** From the container's own passwd(5). `/` for one whom it does not list. */
function homeOf(uid: number): string {
  let passwd: string
  try {
    passwd = readFileSync('/etc/passwd', 'utf8')
  } catch {
    return '/'
  }
  const entry = passwd.split('\n').find((line) => line.split(':')[2] === String(uid))
  return entry?.split(':')[5] || '/'
}
