// What the sandbox says, in Chinese: every sentence that a learner meets is known.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sandboxWords } from '../../../lessons/language/sandbox.ts'
import { packageRoot } from '../../../sandbox-vm/package-root.ts'

test.each([
  ['starting the VM, emulated (TCG)', '正在启动虚拟机（软件模拟，TCG）'],
  ['downloading 27 packages and what they need', '正在下载 27 个软件包及其依赖'],
  ['waiting for process 12, which is at the same work', '正在等待进程 12：它在做同样的事'],
  ['the VM died: QEMU was killed by SIGKILL', '虚拟机意外结束：QEMU was killed by SIGKILL'],
  [
    'another program uses this VM (learn-containers site, pid 7): --force does it all the same',
    '还有一个程序在用这台虚拟机（learn-containers site, pid 7）：加 --force 仍然执行',
  ],
  ['2 other programs use this VM (a, b)', '还有 2 个程序在用这台虚拟机（a, b）'],
  [
    'the sandbox takes 1.2 GB of memory, and 0.4 GB are free: close something',
    '沙箱需要 1.2 GB 内存，现在只有 0.4 GB 空闲：请关掉一些程序',
  ],
  ['nobody knows this sentence', 'nobody knows this sentence'],
])('%s', (sentence, words) => {
  expect(sandboxWords(sentence, 'zh')).toBe(words)
  expect(sandboxWords(sentence, 'en')).toBe(sentence)
})

test('what the image’s builder does is known by its own names', () => {
  const read = (file: string): string => readFileSync(join(packageRoot(), 'sandbox-vm/image', file), 'utf8')
  const tasks = [
    ...[...read('assemble.sh').matchAll(/^say (.+)$/gm)].map(([, task = '']) => task),
    ...[...read('build.ts').matchAll(/^ {4}\['.*', '([^']+)'\],$/gm)].map(([, task = '']) => task),
  ]
  expect(tasks.length).toBeGreaterThan(5)
  for (const task of tasks) expect(sandboxWords(task, 'zh'), task).toMatch(/\p{Script=Han}/u)
})
