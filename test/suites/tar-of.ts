// Small archives for tests, written and read by the archive room's own code.
import { Readable } from 'node:stream'
import { noXattrs } from '../../engine/archive/tar-entry.ts'
import { padded } from '../../engine/archive/tar-header.ts'
import { TarReader } from '../../engine/archive/tar-reader.ts'
import { endOfArchive, formatHeader } from '../../engine/archive/tar-writer.ts'

/** A file with its content; a symbolic link with its target; a directory with nothing. */
export type Member = readonly [name: string, content: Uint8Array | string | undefined]

export function tarOf(members: readonly Member[]): Buffer {
  const parts = members.flatMap(([name, content]) => {
    const bytes = content instanceof Uint8Array ? content : new Uint8Array()
    const header = formatHeader({
      name,
      type: content === undefined ? 'directory' : typeof content === 'string' ? 'symlink' : 'file',
      size: bytes.length,
      linkname: typeof content === 'string' ? content : '',
      mode: 0o644,
      mtime: { seconds: 0, nanoseconds: 0 },
      ...{ uid: 0, gid: 0, major: 0, minor: 0, xattrs: noXattrs },
    })
    return [header, bytes, Buffer.alloc(padded(bytes.length) - bytes.length)]
  })
  return Buffer.concat([...parts, endOfArchive])
}

/** Files and their content, in the order of the archive. */
export async function untar(archive: Uint8Array): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>()
  await using reader = new TarReader(Readable.from([archive], { objectMode: false }))
  for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
    const pieces: Buffer[] = []
    await reader.content((piece) => {
      pieces.push(Buffer.from(piece))
    })
    if (entry.type === 'file') files.set(entry.name, Buffer.concat(pieces))
  }
  return files
}
