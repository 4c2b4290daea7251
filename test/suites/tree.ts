// A directory tree as text: two trees are the same when their descriptions are.
import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { lgetxattr, llistxattr } from '../../engine/syscalls/xattr.ts'

interface What {
  /** Leave out who owns a file: an archive of another user's, unpacked by us. */
  owners?: boolean
}

/** One line for each file, sorted; hard links name the first of them. */
export function describeTree(root: string, { owners = true }: What = {}): string[] {
  const lines: string[] = []
  const seen = new Map<string, string>()
  const visit = (directory: Buffer, prefix: string): void => {
    for (const name of readdirSync(directory, 'buffer').sort(Buffer.compare)) {
      const path = Buffer.concat([directory, Buffer.from('/'), name])
      const shown = prefix + name.toString('latin1')
      const info = lstatSync(path, { bigint: true })
      const first = seen.get(`${info.dev}:${info.ino}`)
      if (first !== undefined) {
        lines.push(`${shown} = ${first}`)
        continue
      }
      seen.set(`${info.dev}:${info.ino}`, shown)
      const parts = [shown, (info.mode & 0o177777n).toString(8), String(info.mtimeNs)]
      if (owners) parts.push(`${info.uid}:${info.gid}`)
      if (info.isFile()) parts.push(String(info.size), sha256(readFileSync(path)))
      if (info.isSymbolicLink()) parts.push(`-> ${readlinkSync(path, 'buffer').toString('latin1')}`)
      if (info.isCharacterDevice() || info.isBlockDevice()) parts.push(`dev ${info.rdev}`)
      const attributes = llistxattr(path).sort()
      for (const attribute of attributes)
        parts.push(`${attribute}=${lgetxattr(path, attribute)?.toString('hex')}`)
      lines.push(parts.join(' '))
      if (info.isDirectory()) visit(path, `${shown}/`)
    }
  }
  visit(Buffer.from(root), '')
  return lines
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 12)
}
