// How much a directory holds: bytes of its files' content, hard links counted once.
//
// Somebody may write in it, and delete: what is gone when it is looked at holds nothing.
import type { Dirent } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'

export async function treeBytes(directory: string): Promise<number> {
  const seen = new Set<string>()
  let bytes = 0
  for await (const { parentPath, name } of filesBelow(directory)) {
    const info = await lstat(join(parentPath, name)).catch(() => undefined)
    if (info === undefined || seen.has(`${info.dev}:${info.ino}`)) continue
    if (info.nlink > 1) seen.add(`${info.dev}:${info.ino}`)
    bytes += info.size
  }
  return bytes
}

/** Not by readdir's own recursion: that fails as a whole when one directory has vanished. */
async function* filesBelow(directory: string): AsyncGenerator<Dirent> {
  for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
    if (entry.isFile()) yield entry
    else if (entry.isDirectory()) yield* filesBelow(join(directory, entry.name))
  }
}
