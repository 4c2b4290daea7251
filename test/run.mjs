// `npm test`: set-up, every suite, and a look for what was left behind.
//
//   npm test                         everything
//   npm test -- --project unit       one suite; other arguments go to vitest too
//
// The last line counts: `N passed, N failed`.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { projectNode, root, setUp } from '../sandbox-vm/setup.mjs'
import { leftovers } from './leftovers.mjs'

setUp('test')
const before = leftovers()
const scratch = mkdtempSync(join(tmpdir(), 'learn-containers-test-'))
const report = join(scratch, 'report.json')
const args = [
  'node_modules/vitest/vitest.mjs',
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...process.argv.slice(2),
]
// A state directory of its own: the tests' VM is not the learner's. Images are shared: they are the same.
const env = { ...process.env, LEARN_CONTAINERS_STATE: join(scratch, 'state'), NODE_NO_WARNINGS: '1' }
const result = spawnSync(projectNode(), args, { cwd: root, stdio: 'inherit', env })

let passed = 0
let failed = 0
try {
  const { numPassedTests, numFailedTests, numPendingTests, testResults } = JSON.parse(
    readFileSync(report, 'utf8'),
  )
  passed = numPassedTests
  failed = numFailedTests
  // A file that could not be loaded has no tests to fail.
  failed += testResults.filter(
    (/** @type {{ status: string, assertionResults: unknown[] }} */ one) =>
      one.status === 'failed' && one.assertionResults.length === 0,
  ).length
  if (numPendingTests > 0) console.log(`${numPendingTests} skipped`)
  if (numPendingTests > 0 && process.env.CI) {
    console.log('in CI no test may be skipped')
    failed += numPendingTests
  }
} catch {
  failed++
}
if (result.status !== 0 && failed === 0) failed++
rmSync(scratch, { recursive: true, force: true })
const left = leftovers().filter((one) => !before.includes(one))
for (const one of left) console.log(`left behind: ${one}`)
if (left.length > 0) failed++
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
