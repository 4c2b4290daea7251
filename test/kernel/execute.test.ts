// execve(2) at the end of init, on the real kernel. Needs root.
import { chmod, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { confined, fixture, isLinuxRoot, shell } from './confining.ts'

describe.runIf(isLinuxRoot)('what a confined process executes (needs root on Linux)', () => {
  let directory: string
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'lc-confine-'))
  })
  afterAll(async () => {
    await rm(directory, { recursive: true, force: true })
  })

  test('is never the runtime itself, by whichever name', async () => {
    const link = join(directory, 'innocent')
    await symlink(process.execPath, link)
    for (const name of ['/proc/self/exe', link]) {
      const { stderr, exitCode } = await confined('', { process: { args: [name, '--version'] } })
      expect([stderr, exitCode]).toEqual([
        `error: exec: "${name}": this is the container runtime's own executable`,
        126,
      ])
    }
  })

  test('fails in the words and with the exit statuses of Docker', async () => {
    const text = join(directory, 'text')
    const orphan = join(directory, 'orphan')
    await writeFile(text, 'no program')
    await writeFile(orphan, '#!/no/such/interpreter\n')
    for (const path of [text, orphan]) await chmod(path, 0o755)
    for (const [name, message, exitCode] of [
      ['nono', 'exec: "nono": executable file not found in $PATH', 127],
      ['/etc/passwd', 'exec: "/etc/passwd": permission denied', 126],
      [text, `exec ${text}: exec format error`, 126],
      [orphan, `exec ${orphan}: no such file or directory`, 127],
    ] as const) {
      const result = await confined('', { process: { args: [name] } })
      expect(result.stderr).toContain(`error: ${message}`)
      expect(result.exitCode).toBe(exitCode)
    }
  })

  test('inherits 0 to 2 and the descriptors that were kept, nothing else', async () => {
    // 4 is kept. 70 is one that a careless parent left open, behind a gap that Node does not look past.
    const script = 'for fd in 0 1 2 3 4 5 70; do [ -e /proc/$$/fd/$fd ] && echo $fd; done'
    const config = JSON.stringify({ process: shell(script), keepFds: [4] })
    const line = [
      '-c',
      'exec 3</dev/null 4</dev/null 70</dev/null; "$@"; :',
      'bash',
      process.execPath,
      fixture,
      config,
    ]
    expect((await execa('bash', line)).stdout.split('\n')).toEqual(['0', '1', '2', '4'])
    const missing = await confined('', { keepFds: [77] })
    expect(missing.stderr).toMatch(/^error: keep descriptor 77 open: is it\?: fcntl\(2\): EBADF/)
  })

  test('ends by SIGPIPE when nobody reads any more', async () => {
    const { stdout } = await confined('(while echo y; do :; done; echo ignored >&2) | head -1')
    expect(stdout).toBe('y')
  })
})
