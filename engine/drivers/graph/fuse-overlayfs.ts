// The fuse-overlayfs driver: an overlay made by a program, where the kernel's own is
// refused: without root on older kernels, or on a file system that cannot be an upper.
//
//   fuse-overlayfs/<id>/diff              what this layer changes
//                       work, merged      as overlay2 has them
//                       committed, parent
//
// Every open(2) and read(2) of a container goes through the kernel to that program and
// back, which is the price. It is started by a mount and ends when that is gone: one
// process for each tree in use. And of a file of the image that has several names, version
// 1.10 was seen to copy up another name than the one that was written: what went to `f`
// was found in `g` afterwards. overlay2 is the better choice wherever it works.
//
// Next: engine/drivers/graph/vfs.ts
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, rmdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { unpack } from '../../archive/unpack.ts'
import type { OverlayStyle } from '../../archive/whiteout.ts'
import { EngineError, hasCode } from '../../errors.ts'
import { command } from '../../syscalls/command.ts'
import { syncfs } from '../../syscalls/file.ts'
import { setxattr } from '../../syscalls/xattr.ts'
import { fileSystemOf, overlayStyle } from './backing.ts'
import type { Filling, Layer, Mechanism, Upper } from './mechanism.ts'
import { inDirectory, makeDirectoryLike, unmount, unmountBelow } from './mounted.ts'

const program = 'fuse-overlayfs'

export class FuseOverlayfs implements Mechanism {
  readonly name = 'fuse-overlayfs'
  readonly reserved = []
  readonly home: string
  /** It reads the words of the kernel's overlay. */
  readonly #whiteouts: OverlayStyle

  private constructor(home: string, whiteouts: OverlayStyle) {
    this.home = home
    this.#whiteouts = whiteouts
  }

  /** @throws EngineError `unavailable` without the program, without /dev/fuse, or without the right to mount */
  static async open(home: string): Promise<FuseOverlayfs> {
    // It resolves the path of the upper directory, and then looks for layers between colons in it.
    if (home.includes(':'))
      throw new EngineError('unavailable', `${program} takes no colon in a path, as ${home} has one`)
    const scratch = await mkdtemp(join(home, '.probe-'))
    try {
      const merged = join(scratch, 'merged')
      await mkdir(merged)
      try {
        start(home, [`lowerdir=${basename(scratch)}`], merged)
      } catch (cause) {
        throw new EngineError('unavailable', `${program} mounts nothing in ${home}`, { cause })
      }
      await stop(merged)
      return new FuseOverlayfs(home, overlayStyle(scratch))
    } finally {
      await rm(scratch, { recursive: true, force: true })
    }
  }

  async make({ directory, parent }: Layer): Promise<void> {
    makeDirectoryLike(parent && join(parent.directory, 'diff'), join(directory, 'diff'))
    if (parent) await mkdir(join(directory, 'work'), { mode: 0o700 })
  }

  fill({ directory, parent }: Layer, tar: Readable, how: Filling): Promise<number> {
    const whiteouts = parent ? this.#whiteouts : 'apply'
    return unpack(tar, join(directory, 'diff'), { whiteouts, ...how })
  }

  async mount(layer: Layer): Promise<string> {
    if (!layer.parent && layer.writable) return join(layer.directory, 'diff')
    const merged = join(layer.directory, 'merged')
    await mkdir(merged, { recursive: true, mode: 0o700 })
    try {
      const lowers = layersBelow(layer).map(({ id }) => join(id, 'diff'))
      const options = layer.writable
        ? [
            `lowerdir=${lowers.join(':')}`,
            `upperdir=${join(layer.id, 'diff')}`,
            `workdir=${join(layer.id, 'work')}`,
          ]
        : [`lowerdir=${[join(layer.id, 'diff'), ...lowers].join(':')}`]
      // FUSE forbids both unless told otherwise, and only root may tell.
      if (process.getuid?.() === 0 && this.#whiteouts === 'overlay') options.push('suid', 'dev')
      start(this.home, options, merged)
    } catch (cause) {
      await rmdir(merged).catch(() => {})
      throw new EngineError('internal', `mount the layer ${layer.id}`, { cause })
    }
    return merged
  }

  view({ directory }: Layer): string {
    return join(directory, 'merged')
  }

  async unmount({ directory }: Layer): Promise<void> {
    const merged = join(directory, 'merged')
    await stop(merged)
    await rmdir(merged).catch(() => {})
  }

  async upper(layer: Layer): Promise<Upper> {
    const tree = join(layer.directory, 'diff')
    flush(join(layer.directory, 'merged'))
    await this.#settle(tree)
    const lowers = layersBelow(layer).map(({ directory }) => join(directory, 'diff'))
    return { tree, lowers, whiteouts: this.#whiteouts }
  }

  /**
   * It marks an opaque directory in two or three ways: the kernel's attribute where it may
   * set that, one of its own where not, and in any case two files in it. One way is
   * enough, and is the one that the kernel's overlay would know as well. A container that
   * runs may take away what is being looked at.
   */
  async #settle(directory: string): Promise<void> {
    const entries = await readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
      if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return []
      throw error
    })
    for (const entry of entries) {
      const path = join(directory, entry.name)
      if (entry.isDirectory()) await this.#settle(path)
      else if (opaqueMarks.includes(entry.name)) {
        if (this.#whiteouts === 'overlay-user') setxattr(directory, 'user.overlay.opaque', Buffer.from('y'))
        await rm(path, { force: true })
      }
    }
  }

  async destroy({ directory }: Layer): Promise<void> {
    await stop(join(directory, 'merged'))
  }

  async metadata(layer: Layer): Promise<Record<string, string>> {
    const at = (name: string): string => join(layer.directory, name)
    const lowers = layersBelow(layer).map(({ directory }) => join(directory, 'diff'))
    return {
      UpperDir: at('diff'),
      ...(layer.parent ? { LowerDir: lowers.join(':'), WorkDir: at('work') } : {}),
      MergedDir: at('merged'),
    }
  }

  async status(): Promise<readonly (readonly [string, string])[]> {
    const version = /fuse-overlayfs: version (\S+)/.exec(command(program, '--version'))?.[1]
    return [
      ['Backing Filesystem', fileSystemOf(this.home)],
      ['Program', `${program} ${version ?? '(unknown version)'}`],
    ]
  }

  /** A program that was just being started when its parent was killed mounts all the same, a moment later. */
  async cleanup(inUse: readonly Layer[]): Promise<void> {
    const kept = inUse.map(({ directory }) => join(directory, 'merged'))
    const servers = (): number[] =>
      serversOf((where) => where.startsWith(`${this.home}/`) && !kept.includes(where))
    for (let tries = 0; tries < 100 && servers().length > 0; tries++) {
      unmountBelow(this.home, kept)
      await sleep(20)
    }
    for (const name of await readdir(this.home)) await rmdir(join(this.home, name, 'merged')).catch(() => {})
  }

  async close(): Promise<void> {}
}

/** It returns when the mount is there, and stays as a daemon. Paths in the options are relative, so that no comma of the home's gets between them. */
function start(home: string, options: readonly string[], merged: string): void {
  inDirectory(home, () => command(program, '-o', options.join(','), merged))
}

async function stop(merged: string): Promise<void> {
  const servers = serversOf((where) => where === merged)
  unmount(merged)
  await ended(servers)
}

const opaqueMarks = ['.wh..wh..opq', '.wh..opq']

/** The kernel keeps what was written for a while before it tells the program. Nothing when it is not mounted. */
function flush(merged: string): void {
  let fd: number
  try {
    fd = openSync(merged, 'r')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return
    throw error
  }
  try {
    syncfs(fd)
  } finally {
    closeSync(fd)
  }
}

function layersBelow(layer: Layer): Layer[] {
  return layer.parent ? [layer.parent, ...layersBelow(layer.parent)] : []
}

/** The running programs whose mount point is one of those asked for. */
function serversOf(isWanted: (where: string) => boolean): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const words = commandLine(pid).split('\0')
      return words[0]?.endsWith(program) === true && words.some(isWanted)
    })
}

/** Empty when it has ended, and for a zombie. */
function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

/** Waits until they have. Not for ever: one that still serves a container's own copy of the mount lives on with it. */
async function ended(pids: readonly number[]): Promise<void> {
  for (let tries = 0; tries < 200 && pids.some((pid) => commandLine(pid) !== ''); tries++) await sleep(10)
}
