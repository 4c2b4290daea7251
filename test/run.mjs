// `npm test`: set-up, every suite, and a look for what was left behind.
//
//   npm test                         everything
//   npm test -- --project unit       one suite; other arguments go to vitest too
//
// The last line counts: `N passed, N failed`. A suite that this machine cannot run
// is named; with CI set, that is a failure too.
import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { projectNode, root, setUp } from '../sandbox-vm/setup.mjs'
import { endMounts, endProcesses, leftovers } from './leftovers.mjs'

/** @typedef {{ status: string, fullName: string }} Test */
/** @typedef {{ name: string, status: string, startTime: number, endTime: number, assertionResults: Test[] }} TestFile times in ms */
/** @typedef {{ status: number | null, files: TestFile[], failed: TestFile[] }} Run */
/** So many files fail by chance, on a machine that does other work too. More of them are no chance. */
const mayBeChance = 6
/** Later than this, in ms, nothing is tried again: whoever waits for us has to hear what failed. */
const late = 65 * 60_000

setUp('test')
// A short name: sockets and podman's directories have paths of 50 to 107 bytes at most.
const scratch = mkdtempSync(join(realpathSync(tmpdir()), 'lc-test-'))
// mmdebstrap's mapped root is another user, and has to get through.
chmodSync(scratch, 0o755)
for (const name of ['tmp', 'run']) mkdirSync(join(scratch, name))
process.once('exit', () => {
  endProcesses(scratch)
  endMounts(scratch)
  rmSync(scratch, { recursive: true, force: true })
})

const before = leftovers(scratch)
/** @type {import('node:child_process').ChildProcess} */
let child
let interrupted = false
// Ctrl-C reaches vitest too, which ends its tests; then we clean up after them.
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
  process.on(signal, () => {
    interrupted = true
    if (signal !== 'SIGINT') child.kill(signal)
  })
let run = await vitest(process.argv.slice(2))
const whole = process.env.CI && process.argv.length === 2 && !interrupted
const chance = run.failed.length > 0 && run.failed.length <= mayBeChance && performance.now() < late
if (whole && chance) run = await again(run)

const tests = run.files.flatMap((file) => file.assertionResults)
const passed = tests.filter(({ status }) => status === 'passed').length
let problems = tests.filter(({ status }) => status === 'failed').length
// What failed beside its tests: a file that could not be loaded, a hook, an error that nobody caught.
if (run.status !== 0 && problems === 0) problems++
const skipped = tests.filter(({ status }) => ['skipped', 'pending', 'todo'].includes(status))
for (const { fullName } of skipped) console.log(`skipped: ${fullName.trim()}`)
if (process.env.CI && skipped.length > 0) {
  console.log('with CI set, no test may be skipped')
  problems += skipped.length
}
let left = remains()
// The last one out stops the VM: a second or two, and more when it is still coming up on a busy machine.
for (const end = Date.now() + 60_000; left.length > 0 && Date.now() < end; left = remains()) await sleep(250)
for (const one of left) console.log(`left behind: ${one}`)
if (left.length > 0) problems++
console.log(`minutes: ${minutes(run.files)}`)
console.log(`${passed} passed, ${problems} failed`)
process.exit(problems === 0 ? 0 : 1)

/** What is there now and was not before. */
function remains() {
  return leftovers(scratch).filter((one) => !before.includes(one))
}

/** How long each suite took, in the order of the directories. @param {TestFile[]} files */
function minutes(files) {
  const took = new Map()
  for (const { name, startTime, endTime } of files) {
    const [suite = 'unit'] = relative(join(root, 'test'), name).split('/').slice(0, -1)
    took.set(suite, (took.get(suite) ?? 0) + (endTime - startTime) / 60_000)
  }
  return [...took].map(([suite, sum]) => `${suite} ${sum.toFixed(1)}`).join(', ')
}

/**
 * Runs vitest, and reads its report.
 * @param {string[]} args for vitest
 * @returns {Promise<Run>}
 */
async function vitest(args) {
  const report = join(scratch, 'report.json')
  rmSync(report, { force: true })
  const reporters = ['default', 'json', './test/second-tries.mjs'].map((one) => `--reporter=${one}`)
  const words = ['run', ...reporters, `--outputFile.json=${report}`, ...args]
  child = spawn(projectNode(), ['node_modules/vitest/vitest.mjs', ...words], {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      // The tests' VM is not the learner's. Images are shared: they are the same.
      LEARN_CONTAINERS_STATE: join(scratch, 'state'),
      LEARN_CONTAINERS_TESTS: scratch,
      TMPDIR: join(scratch, 'tmp'),
      XDG_RUNTIME_DIR: join(scratch, 'run'),
      NODE_NO_WARNINGS: '1',
    },
  })
  const status = await new Promise((resolve) => child.once('exit', resolve))
  /** @type {TestFile[]} */
  let files = []
  try {
    files = JSON.parse(readFileSync(report, 'utf8')).testResults
  } catch {
    // A run without a report failed as a whole, and its status says so.
  }
  return { status, files, failed: files.filter((file) => file.status === 'failed') }
}

/**
 * The second try of files that failed, when all others are done. Tests of one file go on where the one before
 * them stopped, so it is the file that is tried again, and not the test.
 * @param {Run} first
 * @returns {Promise<Run>}
 */
async function again({ files, failed }) {
  const names = failed.map(({ name }) => name)
  console.log(`\nonce more: ${names.map((name) => relative(root, name)).join(' ')}`)
  const second = await vitest(names)
  for (const { name, assertionResults } of failed) {
    if (second.files.find((file) => file.name === name)?.status !== 'passed') continue
    const tests = assertionResults.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName)
    for (const test of tests.length > 0 ? tests : ['what is around its tests'])
      console.log(`passed when its file was tried again: ${relative(root, name)}: ${test.trim()}`)
  }
  return { ...second, files: [...files.filter(({ name }) => !names.includes(name)), ...second.files] }
}
