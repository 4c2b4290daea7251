// Hooks get what the specification gives them, and nothing else; and they cannot hang us.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runHooks } from '../../../engine/libcontainer/hooks.ts'

const state = JSON.stringify({ ociVersion: '1.2.0', id: 'c', pid: 7, status: 'creating', bundle: '/b' })
let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'lc-hooks-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

function shell(script: string, more: object = {}) {
  return { path: '/bin/sh', args: ['sh', '-c', script], ...more }
}
const out = (name: string): string => join(directory, name)
const read = (name: string): string => readFileSync(out(name), 'utf8')

describe.runIf(process.platform === 'linux')('a hook', () => {
  test('gets the state on standard input', () => {
    runHooks('prestart', [shell(`/bin/cat > ${out('state')}`)], state)
    expect(read('state')).toBe(state)
  })

  test('gets its environment, and nothing of ours', () => {
    runHooks('createRuntime', [shell(`/usr/bin/env > ${out('env')}`, { env: ['A=b=c', 'EMPTY='] })], state)
    const lines = read('env')
      .split('\n')
      .filter((line) => line !== '' && !/^(PWD|SHLVL|_|OLDPWD)=/.test(line))
    expect(lines.sort()).toEqual(['A=b=c', 'EMPTY='])
  })

  test('gets args[0] as its name; without args, its path', () => {
    runHooks('prestart', [shell(`/usr/bin/tr '\\0' '\\n' < /proc/$$/cmdline > ${out('name')}`)], state)
    expect(read('name')).toMatch(/^sh\n-c\n/)
    const named = { path: '/bin/sh', args: ['another name', '-c', `echo "$0" > ${out('argv0')}`] }
    runHooks('prestart', [named], state)
    expect(read('argv0')).toBe('another name\n')
    runHooks('prestart', [{ path: '/bin/true' }], state)
  })

  test('runs after the one before it, and not after one that failed', () => {
    const append = (word: string) => shell(`echo ${word} >> ${out('order')}`)
    expect(() =>
      runHooks('createContainer', [append('one'), append('two'), shell('exit 3'), append('three')], state),
    ).toThrow('error running createContainer hook #2: /bin/sh: exit status 3')
    expect(read('order')).toBe('one\ntwo\n')
  })

  test('fails with its last words, of both streams', () => {
    const words = 'for n in 1 2 3; do echo line $n; done; echo no route >&2; exit 7'
    expect(() => runHooks('startContainer', [shell(words)], state)).toThrow(
      /^error running startContainer hook #0: \/bin\/sh: exit status 7: line 2 \/ line 3 \/ no route$/,
    )
  })

  test('that is not there, not executable, or ended by a signal', () => {
    expect(() => runHooks('prestart', [{ path: '/no/hook' }], state)).toThrow(
      'prestart hook #0: /no/hook: ENOENT',
    )
    expect(() => runHooks('prestart', [{ path: '/etc/passwd' }], state)).toThrow('/etc/passwd: EACCES')
    expect(() => runHooks('prestart', [shell('kill -TERM $$')], state)).toThrow('ended by SIGTERM')
  })

  test('that takes too long is killed', () => {
    const start = Date.now()
    expect(() =>
      runHooks('poststart', [shell('echo waiting; exec sleep 60', { timeout: 1 })], state),
    ).toThrow('killed: it took longer than 1 s: waiting')
    expect(Date.now() - start).toBeLessThan(30_000)
  })

  test('that leaves a process behind with its output does not keep us waiting', () => {
    const start = Date.now()
    runHooks('prestart', [shell('sleep 10 & exit 0')], state)
    expect(Date.now() - start).toBeLessThan(8000)
  })

  test('that reads nothing, or is told much, is no matter', () => {
    runHooks('prestart', [shell('exit 0')], 'x'.repeat(1_000_000))
    runHooks('prestart', [shell(`/usr/bin/wc -c > ${out('size')}`)], 'x'.repeat(1_000_000))
    expect(Number(read('size'))).toBe(1_000_000)
  })

  test('of poststop warns, and the next one runs', () => {
    const warnings: string[] = []
    runHooks('poststop', [shell('exit 1'), shell(`echo > ${out('after')}`)], state, (line) =>
      warnings.push(line),
    )
    expect(warnings).toEqual(['error running poststop hook #0: /bin/sh: exit status 1'])
    expect(existsSync(out('after'))).toBe(true)
  })
})

test('no hooks are no work', () => {
  runHooks('prestart', undefined, state)
  runHooks('prestart', [], state)
})
