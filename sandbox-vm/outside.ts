// The sandbox as the learner's own machine sees it. A VM is one process there,
// whatever runs inside; any other sandbox is nothing of ours.
//
// Called by the providers, for Sandbox.outside().
import { release, type } from 'node:os'
import { execa } from 'execa'
import type { Outside } from './sandbox.ts'

/** @param pid of the VM's process, when there is one */
export async function seenFromOutside(pid?: number): Promise<Outside> {
  const kernel = `${type()} ${release()}`
  if (pid === undefined) return { kernel }
  // ps(1) of POSIX: rss in kilobytes, the same words on Linux and macOS.
  const found = await execa('ps', ['-o', 'rss=,comm=', '-p', String(pid)], { reject: false })
  const [, kilobytes, name] = /^\s*(\d+)\s+(\S+)/.exec(found.stdout ?? '') ?? []
  if (kilobytes === undefined || name === undefined) return { kernel }
  return { kernel, process: { name, pid, kilobytes: Number(kilobytes) } }
}
