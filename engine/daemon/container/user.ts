// Who runs in a container: `--user`, by the passwd and group files of its own root
// filesystem. Pure: the files come in as text, as passwd(5) and group(5) have them.
import { EngineError } from '../../errors.ts'
import type { User } from '../../libcontainer/config/process.ts'

export interface UserFiles {
  /** Empty when the image has none. */
  passwd: string
  group: string
}

/**
 * @param spec `name|uid[:group|gid]`; empty for root
 * @param more `--group-add`: names or numbers
 * @throws EngineError `invalid` for a name that the files do not have
 */
export function resolveUser(spec: string, { passwd, group }: UserFiles, more: readonly string[] = []): User {
  const [userText = '', groupText = ''] = splitOnce(spec === '' ? '0' : spec)
  const users = fields(passwd)
  const groups = fields(group)
  // A number that is nobody's name is a number.
  const entry = users.find(([name]) => name === userText) ?? users.find(([, , uid]) => uid === userText)
  const uid = Number(entry?.[2] ?? number(userText))
  if (Number.isNaN(uid))
    throw new EngineError('invalid', `unable to find user ${userText}: no matching entries in passwd file`)
  const gid = groupText === '' ? Number(entry?.[3] ?? 0) : groupId(groupText, groups)
  const name = entry?.[0]
  // Who names a group wants that one, and not those which the user is a member of.
  const memberships =
    groupText === '' && name !== undefined
      ? groups
          .filter(([, , , members = '']) => members.split(',').includes(name))
          .map(([, , id]) => Number(id))
      : []
  const additional = [gid, ...memberships, ...more.map((one) => groupId(one, groups))]
  return { uid, gid, additionalGids: [...new Set(additional)] }
}

function groupId(text: string, groups: readonly string[][]): number {
  const entry = groups.find(([name]) => name === text)
  const gid = Number(entry?.[2] ?? number(text))
  if (Number.isNaN(gid))
    throw new EngineError('invalid', `unable to find group ${text}: no matching entries in group file`)
  return gid
}

/** As a number of the kernel; NaN for what is none. */
function number(text: string): number {
  return /^\d+$/.test(text) && Number(text) < 2 ** 31 ? Number(text) : Number.NaN
}

function fields(file: string): string[][] {
  return file
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'))
}

function splitOnce(text: string): [string, string] {
  const at = text.indexOf(':')
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}
