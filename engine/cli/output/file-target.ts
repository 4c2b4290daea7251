// Where `save` and `export` write: a file, whole or not at all, or standard output.
import { createWriteStream, write } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { EngineError, hasCode } from '../../errors.ts'
import type { Streams } from './streams.ts'

/** An archive on a screen is noise, and can change how the terminal behaves. @throws EngineError */
export function refuseTerminal(streams: Streams, path: string | undefined, verb: string): void {
  if (path === undefined && streams.terminal() !== undefined)
    throw new EngineError(
      'invalid',
      `cowardly refusing to ${verb} to a terminal: use the -o flag or redirect`,
    )
}

/**
 * @param path left out: standard output
 * @param open called when the place to write to is known to be there
 * @returns the exit status: 0, or that of a program whose reader has gone
 */
export async function writeTo(
  path: string | undefined,
  open: () => Promise<Readable>,
  signal: AbortSignal,
): Promise<number> {
  if (path === undefined) return writeOut(await open(), signal)
  const target = resolve(path)
  const info = await stat(target).catch(() => undefined)
  if (info?.isDirectory())
    throw new EngineError('invalid', `invalid output path: "${target}" is a directory: name a file`)
  const place = await stat(dirname(target)).catch(() => undefined)
  if (!place?.isDirectory())
    throw new EngineError('not-found', `invalid output path: directory "${dirname(target)}" does not exist`)
  // A device or a pipe is written to as it is; a file is replaced when it is whole.
  const isPlain = info === undefined || info.isFile()
  const partial = isPlain ? `${target}.partial-${process.pid}` : target
  const archive = await open()
  try {
    await pipeline(archive, createWriteStream(partial, { mode: 0o600 }), { signal })
    if (isPlain) await rename(partial, target)
    return 0
  } catch (error) {
    if (isPlain) await rm(partial, { force: true })
    throw error
  }
}

const writeSome = promisify(write)

/** SIGPIPE: what the shell sees of a program that wrote to nobody. */
const brokenPipe = 128 + 13

/** By descriptor, and not by a stream, which would close it when something goes wrong. */
async function writeOut(archive: Readable, signal: AbortSignal): Promise<number> {
  const stop = (): void => void archive.destroy(new Error('interrupted'))
  signal.addEventListener('abort', stop, { once: true })
  try {
    for await (const chunk of archive)
      for (let at = 0; at < chunk.length; ) at += (await writeSome(1, chunk, at)).bytesWritten
    return 0
  } catch (error) {
    if (hasCode(error, 'EPIPE')) return brokenPipe
    throw error
  } finally {
    signal.removeEventListener('abort', stop)
    archive.destroy()
  }
}
