// `tocker cp`: files out of a container and into one, whether it runs or not.
//
//   tocker cp web:/etc/motd .        GET  …/archive: an archive comes
//   tocker cp motd web:/etc/         PUT  …/archive: an archive goes
//   tocker cp web:/srv - | tar t     the archive itself
//
// The rules of names are those of cp(1): into a directory that is there, under another name
// otherwise; `/.` at the end means what is in the directory.
import { realpathSync, statSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { posix, resolve } from 'node:path'
import { type EngineClient, path } from '../../client/client.ts'
import { EngineError } from '../../errors.ts'
import { readFrom } from '../file-source.ts'
import { type Flags, UsageError } from '../flags.ts'
import { interruptible } from '../interrupt.ts'
import { refuseTerminal, writeTo } from '../output/file-target.ts'
import type { Context, Verb } from '../verb.ts'

export const verb: Verb = {
  usage: '[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n\ttocker cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH',
  flags: [
    { name: 'archive', short: 'a', help: 'Archive mode (copy all uid/gid information)' },
    { name: 'follow-link', short: 'L', help: 'Always follow symbol link in SRC_PATH' },
    { name: 'quiet', short: 'q', help: 'Accepted, and without effect: nothing is told of a copy' },
  ],
  arity: [2, 2],
  run: (context, flags, [from = '', to = '']) => {
    const [source, target] = [split(from), split(to)]
    if (source.container !== undefined && target.container !== undefined)
      throw new UsageError('copying between containers is not supported', 1)
    if (source.container !== undefined)
      return interruptible((signal) =>
        copyOut(context, flags, source.container ?? '', source.path, target.path, signal),
      )
    if (target.container === undefined) throw new UsageError('must specify at least one container source', 1)
    const { container } = target
    return interruptible((signal) => copyIn(context, flags, source.path, container, target.path, signal))
  },
}

/** `web:/srv`; a path with a colon is told apart by its beginning: `./a:b`, `/a:b`. */
function split(text: string): { container?: string; path: string } {
  const at = text.indexOf(':')
  if (at < 1 || /^[./]/.test(text)) return { path: text }
  return { container: text.slice(0, at), path: text.slice(at + 1) }
}

interface PathStat {
  name: string
  mode: number
  linkTarget: string
}
/** Go's bit for a directory. */
const isDirectory = ({ mode }: PathStat): boolean => mode >= 2 ** 31

function statOf(answer: IncomingMessage): PathStat {
  return JSON.parse(Buffer.from(String(answer.headers['x-docker-container-path-stat']), 'base64').toString())
}

async function look(client: EngineClient, container: string, file: string): Promise<PathStat | undefined> {
  try {
    const answer = await client.call({
      method: 'HEAD',
      path: path('/containers/', container, '/archive'),
      query: { path: file },
    })
    answer.resume()
    return statOf(answer)
  } catch (error) {
    if (error instanceof EngineError && error.kind === 'not-found') return undefined
    throw error
  }
}

async function copyOut(
  { client, streams }: Context,
  flags: Flags,
  container: string,
  from: string,
  to: string,
  signal: AbortSignal,
): Promise<number> {
  let source = from
  if (flags.on('follow-link')) source = (await look(client, container, from))?.linkTarget || from
  const open = () =>
    client.call({ path: path('/containers/', container, '/archive'), query: { path: source }, signal })
  if (to === '-') {
    refuseTerminal(streams, undefined, 'copy')
    return writeTo(undefined, open, signal)
  }
  const answer = await open()
  const stat = statOf(answer)
  const { unpackFile } = await import('../local/files.ts')
  await unpackFile(answer, to, {
    name: stat.name,
    directory: isDirectory(stat),
    contents: /(^|\/)\.$/.test(from),
    archiveMode: flags.on('archive'),
  })
  return 0
}

async function copyIn(
  { client }: Context,
  flags: Flags,
  from: string,
  container: string,
  to: string,
  signal: AbortSignal,
): Promise<number> {
  const send = async (
    directory: string,
    body: NodeJS.ReadableStream & { destroy(): void },
  ): Promise<number> => {
    const { Readable } = process.getBuiltinModule('node:stream')
    await client.done({
      method: 'PUT',
      path: path('/containers/', container, '/archive'),
      query: { path: directory, noOverwriteDirNonDir: true, copyUIDGID: flags.on('archive') },
      body: body instanceof Readable ? body : Readable.from(body),
      signal,
    })
    return 0
  }
  if (from === '-') return send(to, readFrom(undefined, 'copy'))
  const source = flags.on('follow-link') ? realpathSync(from) : from
  const info = statSync(source, { throwIfNoEntry: false })
  if (!info) throw new EngineError('not-found', `lstat ${resolve(source)}: no such file or directory`)
  let target = to
  let there = await look(client, container, to)
  if (there?.linkTarget) {
    target = there.linkTarget
    there = await look(client, container, target)
  }
  const { packFile } = await import('../local/files.ts')
  const contents = /(^|\/)\.$/.test(source)
  if (there && isDirectory(there))
    return send(target, packFile(source, contents ? '.' : posix.basename(resolve(source))))
  if (there && info.isDirectory()) throw new EngineError('invalid', 'cannot copy directory')
  if (!there && !info.isDirectory() && target.endsWith('/')) {
    // A HEAD has no words: is it the directory that is missing, or the container?
    await client.done({ path: path('/containers/', container, '/json') })
    throw new EngineError('not-found', 'no such directory')
  }
  const clean = posix.resolve('/', target)
  return send(posix.dirname(clean), packFile(source, posix.basename(clean)))
}
