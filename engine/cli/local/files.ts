// Files of this machine, as archives: the near half of `tocker cp`. They are packed and
// unpacked by what the daemon uses for its own half, so that no link leads either out.
import { closeSync, constants, openSync, statSync } from 'node:fs'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { packOne } from '../../archive/pack.ts'
import { unpack } from '../../archive/unpack.ts'
import { EngineError } from '../../errors.ts'

/** @param path `/.` at its end: what is in the directory, and not the directory @param as its name in the archive */
export function packFile(path: string, as: string): Readable {
  const info = statSync(path, { throwIfNoEntry: false })
  if (!info) throw new EngineError('not-found', `lstat ${path}: no such file or directory`)
  const directory = info.isDirectory()
  const fd = openSync(directory ? path : dirname(resolve(path)), constants.O_RDONLY | constants.O_DIRECTORY)
  const archive = packOne(fd, directory ? '.' : basename(resolve(path)), as)
  archive.once('close', () => closeSync(fd))
  return archive
}

/**
 * Unpacks what the daemon sent; everything belongs to whoever asked.
 * @param target as typed @param directory is what comes a directory? @param contents of it alone, without its name
 * @throws EngineError in Docker's words
 */
export async function unpackFile(
  archive: Readable,
  target: string,
  {
    name,
    directory,
    contents,
    archiveMode,
  }: { name: string; directory: boolean; contents: boolean; archiveMode: boolean },
): Promise<void> {
  const info = statSync(target, { throwIfNoEntry: false })
  const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
  const into = { directory: [], keepKinds: true, ...(archiveMode ? {} : { owner }) }
  const options = { whiteouts: 'none' as const, into }
  if (info?.isDirectory()) {
    await unpack(archive, target, options)
    return
  }
  if (info && directory) throw new EngineError('invalid', 'cannot copy directory')
  if (!info && !directory && target.endsWith('/')) throw new EngineError('not-found', 'no such directory')
  const parent = dirname(resolve(target))
  if (!statSync(parent, { throwIfNoEntry: false })?.isDirectory())
    throw new EngineError('not-found', `invalid output path: directory "${parent}" does not exist`)
  // Under its own name first, beside the place where it goes: a half is nobody's to see.
  const scratch = await mkdtemp(join(parent, '.tocker-cp-'))
  try {
    await unpack(archive, scratch, options)
    await rename(contents ? scratch : join(scratch, name), resolve(target))
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}
