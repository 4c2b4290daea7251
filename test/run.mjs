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
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { projectNode, root, setUp } from '../sandbox-vm/setup.mjs'
import { endMounts, endProcesses, leftovers } from './leftovers.mjs'

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
const report = join(scratch, 'report.json')
const reporters = ['default', 'json', './test/second-tries.mjs'].map((one) => `--reporter=${one}`)
const args = ['run', ...reporters, `--outputFile.json=${report}`]
const child = spawn(projectNode(), ['node_modules/vitest/vitest.mjs', ...args, ...process.argv.slice(2)], {
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
// Ctrl-C reaches vitest too, which ends its tests; then we clean up after them.
process.on('SIGINT', () => {})
for (const signal of /** @type {const} */ (['SIGTERM', 'SIGHUP']))
  process.on(signal, () => child.kill(signal))
const status = await new Promise((resolve) => child.once('exit', resolve))

const { passed, failed, skipped } = counts()
let problems = failed
for (const name of skipped) console.log(`skipped: ${name}`)
if (process.env.CI && skipped.length > 0) {
  console.log('with CI set, no test may be skipped')
  problems += skipped.length
}
let left = remains()
// The last one out stops the VM: a second or two, and more when it is still coming up on a busy machine.
for (const end = Date.now() + 60_000; left.length > 0 && Date.now() < end; left = remains()) await sleep(250)
for (const one of left) console.log(`left behind: ${one}`)
if (left.length > 0) problems++
if (status !== 0 && problems === 0) problems++
console.log(`${passed} passed, ${problems} failed`)
process.exit(problems === 0 ? 0 : 1)

/** What is there now and was not before. */
function remains() {
  return leftovers(scratch).filter((one) => !before.includes(one))
}

/** What vitest's report says; a run without one failed as a whole. @returns {{ passed: number, failed: number, skipped: string[] }} */
function counts() {
  try {
    const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(report, 'utf8'))
    /** @type {{ status: string, assertionResults: { status: string, fullName: string }[] }[]} */
    const files = testResults
    const tests = files.flatMap((file) => file.assertionResults)
    // A file that could not be loaded has no tests to fail.
    const unloaded = files.filter((file) => file.status === 'failed' && file.assertionResults.length === 0)
    return {
      passed: numPassedTests,
      failed: numFailedTests + unloaded.length,
      skipped: tests
        .filter((one) => ['skipped', 'pending', 'todo'].includes(one.status))
        .map((one) => one.fullName.trim()),
    }
  } catch {
    return { passed: 0, failed: 1, skipped: [] }
  }
}
