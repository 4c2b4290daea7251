// `userns-remap`: who root of the containers is on this host.
//
//   --userns-remap=default        the user dockremap, as dockerd has it
//   --userns-remap=alice          a user: /etc/subuid and /etc/subgid say whom she may have
//   --userns-remap=1000:users     the same by number, and with a group
//
//   /etc/subuid   alice:100000:65536     0 to 65535 in a container are 100000 to 165535 here
//
// The daemon that maps has a data-root of its own below the one that it is given,
// <data-root>/100000.100000: the files of a layer are the mapped users' there
// (archive/owners.ts), and would be strangers' to a daemon that maps otherwise.
//
// dockerd makes dockremap and its ranges where they are missing. Here that stays with whoever
// owns the machine: a daemon that edits /etc/passwd when it starts is a surprise, and
// two lines of shell are not.
//
// subuid(5), user_namespaces(7). Called by options.ts. Next: engine/archive/owners.ts
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { Owners } from '../archive/owners.ts'
import { EngineError, hasCode } from '../errors.ts'

const defaultUser = 'dockremap'

/** Images have files of `nobody`, who is 65534. */
const smallest = 65536

/** A file of /etc, as text. */
type Read = (path: string) => string

/** @returns undefined for an empty word: nobody is mapped @throws EngineError `invalid` */
export function readRemap(text: string, read: Read = readIfThere): Owners | undefined {
  if (text === '') return undefined
  const [user = '', group, ...more] = text.split(':')
  if (user === '' || group === '' || more.length > 0)
    throw wrong(text, 'it is "default", or a user or uid, and perhaps a colon and a group or gid')
  const { name, uid } = findUser(text, user === 'default' ? defaultUser : user, read)
  if (uid === '0') throw wrong(text, 'root would be itself: name another user')
  findGroup(text, group ?? (user === 'default' ? defaultUser : user), read)
  const range = (kind: 'uid' | 'gid') => rangesOf(text, { kind, name, uid }, read(`/etc/sub${kind}`))
  return new Owners(range('uid'), range('gid'))
}

function findUser(text: string, wanted: string, read: Read): { name: string; uid: string } {
  const [name, , uid] = entry(read('/etc/passwd'), wanted) ?? []
  if (name !== undefined && uid !== undefined) return { name, uid }
  if (text !== 'default') throw wrong(text, `there is no user ${wanted} in /etc/passwd`)
  const lines = [
    `useradd --system --user-group ${defaultUser}`,
    `echo ${defaultUser}:100000:${smallest} | tee -a /etc/subuid /etc/subgid`,
  ]
  throw wrong(text, `there is no user ${defaultUser} yet: ${lines.join(' && ')}`)
}

function findGroup(text: string, wanted: string, read: Read): void {
  if (entry(read('/etc/group'), wanted) === undefined)
    throw wrong(text, `there is no group ${wanted} in /etc/group: name one behind a colon`)
}

/** Of passwd(5) and group(5): by name, or by the number in the third field. */
function entry(file: string, wanted: string): string[] | undefined {
  const isNumber = /^\d+$/.test(wanted)
  return file
    .split('\n')
    .map((line) => line.split(':'))
    .find((fields) => fields[isNumber ? 2 : 0] === wanted)
}

/** Several are one after the other in the container. */
function rangesOf(
  text: string,
  { kind, name, uid }: { kind: 'uid' | 'gid'; name: string; uid: string },
  file: string,
): Owners['uids'] {
  const path = `/etc/sub${kind}`
  // By name and by number it may be there twice.
  const lines = new Set(file.split('\n').map((line) => line.trim()))
  const own = [...lines].map((line) => line.split(':')).filter(([owner]) => owner === name || owner === uid)
  if (own.length === 0)
    throw wrong(text, `${path} has no range for ${name}: add a line as ${name}:100000:${smallest}`)
  let next = 0
  const hosts: { first: number; size: number }[] = []
  const ranges = own.map((fields) => {
    const [first, size] = fields.slice(1).map((field) => (/^\d{1,10}$/.test(field) ? Number(field) : -1))
    // 2^32 - 1 is nobody at all, and 0 is the host's root.
    if (first === undefined || size === undefined || first < 1 || size < 1 || first + size > 2 ** 32 - 1)
      throw wrong(text, `"${fields.join(':')}" in ${path} is no range: it is name:first:count`)
    const other = hosts.find((one) => first < one.first + one.size && one.first < first + size)
    if (other !== undefined)
      throw wrong(text, `the ranges of ${name} in ${path} overlap, at ${Math.max(first, other.first)}`)
    hosts.push({ first, size })
    const containerID = next
    next += size
    return { containerID, hostID: first, size }
  })
  if (next < smallest)
    throw wrong(text, `${name} has ${next} ids in ${path}, and images need ${smallest}: give it more there`)
  return ranges
}

function wrong(text: string, reason: string): EngineError {
  return new EngineError('invalid', `userns-remap: "${text}": ${reason}`)
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return ''
    throw new EngineError('invalid', 'userns-remap', { cause })
  }
}

/** Root of the containers comes to his files by a path of the host's. @param directory what of it is missing we make ourselves @throws EngineError `invalid` when somebody is in the way */
export function checkWay({ root: { uid, gid } }: Owners, directory: string): void {
  for (let path = realpathSync(madeAlready(directory)); ; path = dirname(path)) {
    const info = statSync(path)
    const bit = info.uid === uid ? 0o100 : info.gid === gid ? 0o010 : 0o001
    if ((info.mode & bit) === 0)
      throw new EngineError(
        'invalid',
        `userns-remap: containers' root, ${uid}:${gid}, may not pass ${path}: chmod o+x ${path}`,
      )
    if (path === '/') return
  }
}

function madeAlready(directory: string): string {
  return existsSync(directory) ? directory : madeAlready(dirname(directory))
}
