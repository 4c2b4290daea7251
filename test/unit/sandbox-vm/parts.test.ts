// The sandbox's pure parts, and the lock.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execaSync } from 'execa'
import { expect, onTestFinished, test } from 'vitest'
import { socketPath } from '../../../sandbox-vm/directories.ts'
import { imagePlan } from '../../../sandbox-vm/image/plan.ts'
import { withLock } from '../../../sandbox-vm/lock.ts'
import { progressText } from '../../../sandbox-vm/progress-line.ts'
import { quote, wrapCommand } from '../../../sandbox-vm/quote.ts'
import { parseTarget } from '../../../sandbox-vm/ssh.ts'

test('the plan’s key changes with everything that changes the image', () => {
  const plan = imagePlan('x64', 'v26.0.0', ['a', 'b'])
  expect(imagePlan('x64', 'v26.0.0', ['a', 'b'])).toEqual(plan)
  for (const other of [
    imagePlan('arm64', 'v26.0.0', ['a', 'b']),
    imagePlan('x64', 'v26.0.1', ['a', 'b']),
    imagePlan('x64', 'v26.0.0', ['a', 'c']),
  ]) {
    expect(other.key).not.toBe(plan.key)
  }
  expect(plan.uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(() => imagePlan('s390x', 'v26.0.0', [])).toThrow(/s390x/)
})

test.each(['plain', "it's", '$(touch /tmp/x)', '`x`', 'a\nb', '"', '\\', ''])(
  '%j survives a shell',
  (word) => {
    expect(execaSync('sh', ['-c', `printf %s ${quote(word)}`]).stdout).toBe(word)
    expect(
      execaSync('sh', ['-c', wrapCommand('sh -c \'printf %s "$V"\'', { env: { V: word }, cwd: '/' })]).stdout,
    ).toBe(word)
  },
)

test('targets of ssh', () => {
  expect(parseTarget('ssh://root@lab.example:2222')).toEqual({
    user: 'root',
    host: 'lab.example',
    port: 2222,
  })
  expect(parseTarget('ssh://root@[::1]')).toEqual({ user: 'root', host: '::1', port: 22 })
  for (const bad of ['ssh://', 'root@host', 'ssh://h/path', 'http://x'])
    expect(() => parseTarget(bad)).toThrow(/write ssh:\/\/user@host/)
})

test('a lock lets one in at a time, and does not outlive its owner', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'lc-lock-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const path = join(directory, 'lock')
  await writeFile(path, '4194305\n')
  let inside = 0
  let most = 0
  const work = async (): Promise<void> => {
    most = Math.max(most, ++inside)
    await new Promise((resolve) => setTimeout(resolve, 20))
    inside--
  }
  await Promise.all([1, 2, 3].map(() => withLock(path, {}, work)))
  expect(most).toBe(1)
})

test('a socket’s path fits into sun_path, however deep the directory', () => {
  expect(socketPath(`/home/${'x'.repeat(300)}`, 'keeper').length).toBeLessThan(104)
})

test('progress as text', () => {
  expect(progressText({ task: 'packing', done: 3, total: 9 })).toMatch(/^━+─+ 3\/9 packing$/)
  expect(progressText({ task: 'booting' })).toBe('booting')
})
