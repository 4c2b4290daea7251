// Starting a process and hearing of its end, by glibc and without child_process.
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Child } from '../../../engine/libcontainer/child.ts'
import { posixSpawn } from '../../../engine/syscalls/spawn.ts'

describe.runIf(process.platform === 'linux')('a child', () => {
  let directory: string
  const fds: number[] = []
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'lc-child-'))
  })
  afterEach(() => {
    for (const fd of fds.splice(0)) closeSync(fd)
    rmSync(directory, { recursive: true })
  })

  function open(name: string): number {
    const fd = openSync(join(directory, name), 'w')
    fds.push(fd)
    return fd
  }

  const shell = (script: string, descriptors: readonly number[]): Child =>
    new Child(posixSpawn('sh', ['sh', '-c', script], descriptors))

  test('ends with a status, or 128 + signal, also before somebody asks', async () => {
    const [one, other] = [shell('exit 7', [0, 1, 2]), shell('kill -9 $$', [0, 1, 2])]
    await expect.poll(() => one.alive || other.alive).toBe(false)
    expect([await one.ended(), await other.ended()]).toEqual([7, 137])
    const slow = shell('exec sleep 100', [0, 1, 2])
    const ended = slow.ended()
    slow.kill()
    expect(await ended).toBe(137)
  })

  test('has the descriptors that it was given, whatever their numbers were, and no others', async () => {
    const [a, b] = [open('a'), open('b')]
    // Each at the other's number, which has to be free when its turn comes.
    const list = Array.from({ length: Math.max(a, b) + 1 }, (_, fd) => (fd === a ? b : fd === b ? a : 0))
    // By path: dash takes numbers of one digit only.
    const to = (fd: number): string => `>>/proc/self/fd/${fd}`
    const script = `echo A ${to(a)}; echo B ${to(b)}; pwd ${to(b)}`
    const child = shell(script, list)
    expect(await child.ended()).toBe(0)
    expect(readFileSync(join(directory, 'b'), 'utf8')).toBe('A\n')
    expect(readFileSync(join(directory, 'a'), 'utf8')).toBe('B\n/\n')
    // None is left of the numbers by way of which they came; a shell would have some of its own there.
    const above = list.map((_, index) => `/proc/self/fd/${list.length + 1 + index}`)
    const out = open('out')
    const ls = new Child(posixSpawn('ls', ['ls', '-d', ...above], [0, out, 0]))
    expect(await ls.ended()).toBe(2)
    expect(readFileSync(join(directory, 'out'), 'utf8')).toBe('')
  })

  test('that is no program is an error at once; one that is not ours, when its end is asked for', async () => {
    expect(() => posixSpawn('lc-no-such-program', ['x'], [0, 1, 2])).toThrow(/posix_spawn\(2\): ENOENT/)
    await expect(new Child(1).ended()).rejects.toThrow(/ECHILD/)
  })
})
