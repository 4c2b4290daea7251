// What an archive may call its files: paths that stay inside, said plainly.
//
// The kernel would keep us inside anyway (parents.ts). This is the first of two fences,
// and the one that can say what is wrong. Pure.
import { badArchive, show, type TarEntry } from './tar-entry.ts'

/**
 * `./usr//bin/` as `usr`, `bin`.
 * @returns nothing for the target itself
 * @throws EngineError `invalid` for a path that is absolute, or has `..` in it
 */
export function entryPath(name: string): string[] {
  const parts = plainParts(name, name)
  // "/" alone is what Python's tarfile calls the directory that was packed.
  if (name.startsWith('/') && parts.length > 0) throw badArchive(`${show(name)} is an absolute path`)
  return parts
}

/** Where a hard link leads: an earlier entry. Docker's images have some with a "/" before it, which is the image's. */
export function linkTargetPath(entry: TarEntry): string[] {
  const parts = plainParts(entry.linkname, entry.name)
  if (parts.length === 0) throw badArchive(`${show(entry.name)} is a hard link to a directory, or to nothing`)
  return parts
}

function plainParts(path: string, name: string): string[] {
  if (path.includes('\0')) throw badArchive(`${show(name)} has a NUL in its name`)
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..'))
    throw badArchive(
      path === name ? `${show(name)} has .. in its path` : `${show(name)} is a hard link to ${show(path)}`,
    )
  return parts
}

/**
 * A symbolic link is only a text, and an absolute one is the image's own "/". One that
 * climbs out of the image is not meant well, and Docker refuses it, too.
 * @param parts of the link's own path
 */
export function checkSymlink(entry: TarEntry, parts: readonly string[]): void {
  const { linkname } = entry
  if (linkname === '') throw badArchive(`${show(entry.name)} is a symbolic link to nothing`)
  if (linkname.includes('\0')) throw badArchive(`${show(entry.name)} has a NUL in its target`)
  if (linkname.startsWith('/')) return
  let depth = parts.length - 1
  for (const part of linkname.split('/')) {
    if (part === '..') depth--
    else if (part !== '' && part !== '.') depth++
    if (depth < 0) throw badArchive(`${show(entry.name)} is a link out of the archive, to ${show(linkname)}`)
  }
}
