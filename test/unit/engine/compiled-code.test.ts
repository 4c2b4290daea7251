// Compiled code beside a bundle: taken when it fits, and without effect when it does not.
import { execFileSync } from 'node:child_process'
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import flags from '../../../engine/libcontainer/node-flags.json' with { type: 'json' }
import { packageRoot } from '../../../sandbox-vm/package-root.ts'

let directory: string
let bundle: string

beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'lc-code-')))
  bundle = join(directory, 'bundle.js')
  write('one')
  execFileSync(process.execPath, [...flags, join(packageRoot(), 'engine/compile.mjs'), bundle])
})
afterEach(() => rmSync(directory, { recursive: true }))

function write(word: string): void {
  const body = `const { basename } = require('node:path')\nconsole.log(basename(__filename), ${JSON.stringify(word)})`
  writeFileSync(bundle, `(function (require, __filename) { ${body}\n})`)
}

/** What the bundle prints, and whether its compiled code was taken. */
function run(options: readonly string[] = flags): string {
  const start = join(directory, 'start.mts')
  const module = JSON.stringify(join(packageRoot(), 'engine/compiled-code.ts'))
  writeFileSync(
    start,
    `import { runCompiled } from ${module}\nconsole.log(runCompiled(${JSON.stringify(bundle)}))`,
  )
  return execFileSync(process.execPath, [...options, start], { encoding: 'utf8' })
}

test('code that fits is taken', () => {
  expect(run()).toBe('bundle.js one\ntrue\n')
})

test('code that was made under other flags is not', () => {
  expect(run([])).toBe('bundle.js one\nfalse\n')
})

test('code of an older source is not', () => {
  write('another')
  expect(run()).toBe('bundle.js another\nfalse\n')
})

test.each([
  ['cut off', () => truncateSync(`${bundle}.code`, 200)],
  ['empty', () => truncateSync(`${bundle}.code`, 0)],
  ['of another program', () => writeFileSync(`${bundle}.code`, Buffer.alloc(5000, 'code'))],
  // The first bytes say which V8 made it.
  ['of another V8', () => overwrite(4)],
  ['missing', () => rmSync(`${bundle}.code`)],
])('code that is %s is not', (_, damage) => {
  damage()
  expect(run()).toBe('bundle.js one\nfalse\n')
})

function overwrite(offset: number): void {
  const bytes = readFileSync(`${bundle}.code`)
  bytes.writeUInt32LE(bytes.readUInt32LE(offset) ^ 0xffffffff, offset)
  writeFileSync(`${bundle}.code`, bytes)
}

test('running writes nothing', () => {
  const before = readdirSync(directory)
  run()
  expect(readdirSync(directory)).toEqual([...before, 'start.mts'])
})

test('the launcher starts Node as the compiler was started', () => {
  const launcher = readFileSync(join(packageRoot(), 'engine/libcontainer/tocker-runtime'), 'utf8')
  expect(/^flags='(.*)'$/m.exec(launcher)?.[1]).toBe(flags.join(' '))
})
