// A directory tree as a list of lines, one for each name, with all that tar, a snapshot or
// a copy should keep: two trees are alike when their lists are equal.
//
//   etc/passwd file 644 0:0 size=12 mtime=1700000000123456789 sha256=… security.capability=…
//   etc/group  = etc/passwd
import { createHash } from 'node:crypto'
import { type BigIntStats, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { lgetxattr, llistxattr } from '../../engine/syscalls/xattr.ts'

/** @param root itself is not in the list */
export function listTree(root: string): string[] {
  const lines: string[] = []
  const seen = new Map<bigint, string>()
  const walk = (directory: string): void => {
    // As latin1: a name need not be UTF-8, and this way it is one string of its bytes.
    for (const name of readdirSync(bytes(root, directory), 'latin1').sort()) {
      const path = join(directory, name)
      const info = lstatSync(bytes(root, path), { bigint: true })
      const first = info.isDirectory() || info.nlink === 1n ? undefined : seen.get(info.ino)
      if (first !== undefined) lines.push(`${path} = ${first}`)
      else {
        seen.set(info.ino, path)
        lines.push(line(root, path, info))
      }
      if (info.isDirectory()) walk(path)
    }
  }
  walk('')
  return lines
}

function line(root: string, path: string, info: BigIntStats): string {
  const full = bytes(root, path)
  const { mode, uid, gid, rdev, size, mtimeNs } = info
  return [
    path,
    kind(info),
    (mode & 0o7777n).toString(8),
    `${uid}:${gid}`,
    ...(info.isCharacterDevice() || info.isBlockDevice() ? [`rdev=${rdev}`] : []),
    ...(info.isFile() ? [`size=${size}`, `sha256=${hash(full)}`] : []),
    ...(info.isSymbolicLink() ? [`-> ${readlinkSync(full)}`] : []),
    `mtime=${mtimeNs}`,
    ...llistxattr(full)
      // Of the overlay's own there may be any.
      .filter((name) => !/^(trusted|user)\.overlay\./.test(name) && name !== 'security.selinux')
      .sort()
      .map((name) => `${name}=${lgetxattr(full, name)?.toString('hex')}`),
  ].join(' ')
}

function bytes(root: string, path: string): Buffer {
  return Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, 'latin1')])
}

function kind(info: BigIntStats): string {
  if (info.isDirectory()) return 'directory'
  if (info.isFile()) return 'file'
  if (info.isSymbolicLink()) return 'symlink'
  if (info.isFIFO()) return 'fifo'
  return info.isCharacterDevice() ? 'character' : info.isBlockDevice() ? 'block' : 'other'
}

function hash(path: Buffer): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 16)
}
