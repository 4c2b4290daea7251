// Completion in a real bash: Tab pressed at the end of a line, and what it would offer. Needs root.
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { openTocker, type Tocker } from '../suites/tocker.ts'

let tocker: Tocker

/** @param line what is typed; a blank at the end begins a word */
async function offered(line: string): Promise<string[]> {
  const script = `tocker() { "${process.execPath}" "${join(packageRoot(), 'dist/tocker.mjs')}" "$@"; }
source <(tocker completion bash)
IFS=' ' read -ra COMP_WORDS <<< "$1"
[[ $1 == *' ' ]] && COMP_WORDS+=('')
COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 ))
__tocker
printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout } = await execa('bash', ['--norc', '-c', script, 'bash', line], {
    env: { TOCKER_HOST: tocker.host },
    cwd: packageRoot(),
  })
  return stdout.split('\n').filter((word) => word !== '')
}

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'completion (needs root on Linux)',
  () => {
    beforeAll(async () => {
      tocker = await openTocker()
      await tocker.ok('image', 'bootstrap')
      await tocker.ok('create', '--name', 'webby', 'busybox')
      await tocker.ok('create', '--name', 'database', 'busybox')
    })
    afterAll(() => tocker[Symbol.asyncDispose]())

    test.each([
      ['tocker re', ['rename', 'restart']],
      ['tocker container ', expect.arrayContaining(['ls', 'prune', 'inspect'])],
      ['tocker image pr', ['prune']],
      ['tocker run --memory-s', ['--memory-swap', '--memory-swappiness']],
      ['tocker container ls --no', ['--no-trunc']],
      ['tocker rm ', ['database', 'webby']],
      ['tocker exec -it we', ['webby']],
      ['tocker container stop d', ['database']],
      ['tocker rmi busy', ['busybox:latest']],
      ['tocker run --rm bu', ['busybox:latest']],
      ['tocker network inspect h', ['host']],
      ['tocker load -i READ', ['README.md']],
      ['tocker -H unix:///nowhere rm ', []],
    ])('%s', async (line, words) => {
      expect((await offered(line)).sort()).toEqual(words)
    })

    test('zsh and fish get theirs; no other does', async () => {
      expect((await tocker.ok('completion', 'zsh')).stdout).toMatch(/^#compdef tocker\n/)
      expect((await tocker.ok('completion', 'fish')).stdout).toMatch(
        /^complete -c tocker -n '__fish_seen_subcommand_from run' -l memory$/m,
      )
      expect(await tocker('completion', 'csh')).toMatchObject({
        exitCode: 1,
        stderr: 'tocker: csh is no shell that is known here: there are bash, zsh, fish',
      })
    })

    test('nothing is left', async () => {
      await tocker[Symbol.asyncDispose]()
      await expect.poll(() => tocker.daemon.leftovers()).toEqual([])
    })
  },
)
