// Room for the sandbox, asked before the work begins: a build that fails after
// a minute, or a VM that the kernel kills, tells a learner nothing.
//
// Called by the image builder and by the keeper. Both messages say how much
// there is and how much it takes.
import { readFile, statfs } from 'node:fs/promises'
import { freemem } from 'node:os'
import { SandboxError } from './sandbox.ts'

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`

/**
 * @param subject begins the sentence: `the sandbox image takes`
 * @param when `while it is built`
 * @param advice ends it: `make room, or set LEARN_CONTAINERS_CACHE`
 */
export async function requireDisk(
  directory: string,
  bytes: number,
  [subject, when, advice]: readonly [string, string, string],
): Promise<void> {
  const { bavail, bsize } = await statfs(directory)
  const free = bavail * bsize
  if (free >= bytes) return
  throw new SandboxError(
    'space',
    `${subject} ${gigabytes(bytes)} ${when}, and ${directory} has ${gigabytes(free)} free: ${advice}`,
  )
}

export async function requireMemory(bytes: number): Promise<void> {
  const available = await availableMemory()
  if (available >= bytes) return
  throw new SandboxError(
    'space',
    `the sandbox takes ${gigabytes(bytes)} of memory, and ${gigabytes(available)} are free: close something`,
  )
}

/** Bytes that a new program could have. os.freemem() leaves out what the page cache would give back. */
async function availableMemory(): Promise<number> {
  const text = await readFile('/proc/meminfo', 'utf8').catch(() => '')
  const kilobytes = /^MemAvailable:\s+(\d+) kB/m.exec(text)?.[1]
  return kilobytes === undefined ? freemem() : Number(kilobytes) * 1024
}
