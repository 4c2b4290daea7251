// Whether what a test made is gone, for hooks: there expect.poll() is not to be had. A process is taken
// off the list by its parent, a namespace and a cgroup are by the kernel, each in its own time.
import { expect, vi } from 'vitest'
import { leftovers } from '../leftovers.mjs'

/** @param look one line for each thing that is still there @param words why it may be so */
export async function nothingLeft(look: () => string[] | Promise<string[]>, words?: string): Promise<void> {
  await vi.waitFor(async () => expect(await look(), words).toEqual([]), { timeout: 20_000, interval: 100 })
}

/** By what is on the whole machine. @param before what leftovers() said when it began */
export function nothingMoreThan(before: readonly string[]): Promise<void> {
  return nothingLeft(() => leftovers().filter((one) => !before.includes(one)))
}
