// A finished log file becomes smaller: written beside, renamed, and only then the
// original goes, so that whoever is killed in between has one of the two.
import { createReadStream, createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'

/** `path` becomes `path`.gz. */
export async function compressFile(path: string): Promise<void> {
  const temporary = `${path}.gz.new`
  try {
    await pipeline(createReadStream(path), createGzip(), createWriteStream(temporary, { mode: 0o640 }))
    await rename(temporary, `${path}.gz`)
    await rm(path, { force: true })
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}
