// One builder at a time. The second waits, and says whom it waits for.
//
// The lock is a file that holds its owner's pid. An owner that died does not
// hold it: whoever finds such a file takes it over.
import { randomUUID } from 'node:crypto'
import { link, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { OpenOptions } from './sandbox.ts'

/** Runs `body` while holding the lock file at `path`. */
export async function withLock<T>(
  path: string,
  options: Pick<OpenOptions, 'onProgress' | 'signal'>,
  body: () => Promise<T>,
): Promise<T> {
  await acquire(path, options)
  try {
    return await body()
  } finally {
    await rm(path, { force: true })
  }
}

async function acquire(path: string, options: Pick<OpenOptions, 'onProgress' | 'signal'>): Promise<void> {
  const mine = `${path}.${randomUUID()}`
  await writeFile(mine, `${process.pid}\n`)
  try {
    for (;;) {
      options.signal?.throwIfAborted()
      // link(2) is atomic, and the file never exists without its owner's pid in it.
      if (
        await link(mine, path).then(
          () => true,
          () => false,
        )
      )
        return
      const owner = Number(await readFile(path, 'utf8').catch(() => ''))
      if (owner > 0 && alive(owner)) {
        options.onProgress?.({ task: `waiting for process ${owner}, which is building the image` })
        await sleep(300)
        continue
      }
      // Rename before removing: of two that found it stale, one gets the file, and the other nothing.
      const stale = `${path}.stale.${randomUUID()}`
      if (
        await rename(path, stale).then(
          () => true,
          () => false,
        )
      )
        await unlink(stale)
    }
  } finally {
    await rm(mine, { force: true })
  }
}

/** True while a process with this pid exists, also when it is another user's. */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
