// Base images without a registry: made of what this machine has, or Debian's archive.
//
//   busybox:latest         this machine's busybox-static, and a link for each of its names
//   debian:bookworm-slim   mmdebstrap's smallest Debian, without manuals and translations
//
// What comes out is an archive as `tocker save` writes them, in the one form that every
// Docker can load: the daemon may be ours or theirs, and on this machine or another.
//
// The same input gives the same image: names in one order, and no time but one. For busybox
// that is the program's own; for Debian, SOURCE_DATE_EPOCH, or else the day it is made.
//
// Called by `tocker image bootstrap`. mmdebstrap takes half a minute, and nothing else runs meanwhile.
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { lutimes, mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { OnProgress } from '../../api/progress.ts'
import { pack } from '../../archive/pack.ts'
import { EngineError } from '../../errors.ts'
import { command } from '../../syscalls/command.ts'
import { findBusybox, makeBusyboxTree } from './busybox-tree.ts'

const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** As Debian's own slim images have it: the licences stay. */
const slim = [
  ...['doc', 'groff', 'info', 'linda', 'lintian', 'locale', 'man'].map(
    (name) => `path-exclude=/usr/share/${name}/*`,
  ),
  'path-include=/usr/share/doc/*/copyright',
]

export const baseImages = ['busybox:latest', 'debian:bookworm-slim'] as const

/** One layer, and what the image says of it. */
interface Base {
  layer: Readable
  command: string
  comment: string
  /** Seconds since 1970. */
  created: number
}

/**
 * @param scratch a directory of the caller's, for the tree and the layer
 * @returns the image's id, and the archive that the daemon loads
 * @throws EngineError `unavailable` when a program is missing
 */
export async function bootstrapArchive(
  name: (typeof baseImages)[number],
  scratch: string,
  onProgress: OnProgress,
): Promise<{ imageId: string; archive: Readable }> {
  const base = name === 'busybox:latest' ? await busybox(scratch, onProgress) : debian(scratch, onProgress)
  const image = join(scratch, 'image')
  await mkdir(image)
  const digest = createHash('sha256')
  base.layer.on('data', (chunk: Buffer) => digest.update(chunk))
  await pipeline(base.layer, createWriteStream(join(image, 'layer.tar')))
  const config = JSON.stringify(configOf(base, `sha256:${digest.digest('hex')}`))
  const id = createHash('sha256').update(config).digest('hex')
  await writeFile(join(image, `${id}.json`), config)
  await writeFile(
    join(image, 'manifest.json'),
    JSON.stringify([{ Config: `${id}.json`, RepoTags: [name], Layers: ['layer.tar'] }]),
  )
  return { imageId: `sha256:${id}`, archive: pack(image) }
}

function configOf({ command: cmd, comment, created }: Base, diffId: string) {
  const date = new Date(created * 1000).toISOString()
  return {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    ...{ os: 'linux', created: date, comment },
    config: { Env: [path], Cmd: [cmd] },
    rootfs: { type: 'layers', diff_ids: [diffId] },
    history: [{ created: date, comment }],
  }
}

async function busybox(scratch: string, onProgress: OnProgress): Promise<Base> {
  const program = findBusybox()
  const tree = join(scratch, 'tree')
  const count = await makeBusyboxTree(program, tree)
  onProgress({ status: `Packing busybox with ${count} commands` })
  const created = sourceDate() ?? Math.floor((await stat(program)).mtimeMs / 1000)
  for (const file of ['.', ...(await readdir(tree, { recursive: true }))])
    await lutimes(join(tree, file), created, created)
  return { layer: pack(tree), command: 'sh', comment: "made of this machine's busybox", created }
}

function debian(scratch: string, onProgress: OnProgress): Base {
  const day = 24 * 3600
  const created = sourceDate() ?? Math.floor(Date.now() / 1000 / day) * day
  const archive = join(scratch, 'debian.tar')
  onProgress({ status: 'Installing Debian bookworm with mmdebstrap' })
  findMmdebstrap()
  command(
    'env',
    `SOURCE_DATE_EPOCH=${created}`,
    // It unpacks there, beside the result: /tmp may lie in memory.
    `TMPDIR=${scratch}`,
    ...['mmdebstrap', '--quiet', '--variant=minbase'],
    ...slim.map((option) => `--dpkgopt=${option}`),
    ...['bookworm', archive],
  )
  const layer = createReadStream(archive, { highWaterMark: 2 ** 20 })
  return { layer, command: 'bash', comment: 'made by mmdebstrap --variant=minbase', created }
}

function findMmdebstrap(): void {
  try {
    command('mmdebstrap', '--version')
  } catch (cause) {
    throw new EngineError('unavailable', "mmdebstrap is not installed: run 'apt-get install mmdebstrap'", {
      cause,
    })
  }
}

/** Seconds: https://reproducible-builds.org/specs/source-date-epoch/ */
function sourceDate(): number | undefined {
  const text = process.env.SOURCE_DATE_EPOCH
  if (text === undefined || text === '') return undefined
  if (!/^\d{1,12}$/.test(text))
    throw new EngineError(
      'invalid',
      `SOURCE_DATE_EPOCH is ${JSON.stringify(text)}, and has to be a number of seconds`,
    )
  return Number(text)
}
