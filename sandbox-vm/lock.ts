// One builder at a time. The second waits, and says whom it waits for.
//
// The lock is a file that holds its owner's pid and start time, since a pid alone
// is somebody else's after a while. An owner that died does not hold it: whoever
// finds such a file takes it over.
import { createHash, randomUUID } from 'node:crypto'
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
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
  const id = randomUUID()
  const mine = `${path}.${id}`
  await writeFile(mine, `${process.pid} ${await startOf(process.pid)} ${id}\n`)
  try {
    for (;;) {
      options.signal?.throwIfAborted()
      // link(2) is atomic, and the file never exists without its owner's pid in it.
      if (await linked(mine, path)) return
      const owner = await ownerOf(path)
      if (owner.alive) {
        options.onProgress?.({ task: `waiting for process ${owner.pid}, which is at the same work` })
        await sleep(300)
      } else if (owner.text !== '' && (await takeOver(mine, path, owner.text))) return
    }
  } finally {
    await rm(mine, { force: true })
  }
}

/**
 * Replaces the lock of a dead owner. Of many that found it dead, one may: the one
 * that holds the marker named after what the lock said. Simply removing the lock
 * would remove the next owner's, had somebody been faster.
 */
async function takeOver(mine: string, path: string, text: string): Promise<boolean> {
  const marker = `${path}.taking.${createHash('sha256').update(text).digest('hex').slice(0, 12)}`
  if (!(await linked(mine, marker))) {
    if ((await ownerOf(marker)).alive) await sleep(20)
    else await rm(marker, { force: true })
    return false
  }
  try {
    if ((await ownerOf(path)).text !== text) return false
    await rename(mine, path)
    return true
  } finally {
    await rm(marker, { force: true })
  }
}

function linked(from: string, to: string): Promise<boolean> {
  return link(from, to).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return false
      throw error
    },
  )
}

/** Who wrote a lock file; `text` is empty when there is none. */
async function ownerOf(path: string): Promise<{ text: string; pid: number; alive: boolean }> {
  const text = await readFile(path, 'utf8').catch(() => '')
  const [pid = 0, started = 0] = text.split(' ').map(Number)
  return { text, pid, alive: pid > 0 && alive(pid) && (await startOf(pid)) === started }
}

/** When a process began, in clock ticks since the machine's boot (proc(5), stat, field 22); 0 where nobody tells. */
async function startOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // The second field is the program's name, which may hold spaces and brackets.
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? 0)
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
