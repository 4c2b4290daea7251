// Does the VM boot every time, and how long does it take? Every boot is a cold one,
// in a state directory of its own: keys, disk, kernel, sshd, snapshot, first command.
//
// The keeper tries a boot that failed once more, so that a learner sees none of it.
// Here it counts as a failure, and is told with what the keeper wrote down about it.
//
//   npm run build && node_modules/.bin/node test/bench/boots.ts 50
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSandbox } from '../../sandbox-vm/open.ts'

const rounds = Number(process.argv[2] ?? 50)
const seconds: number[] = []
const failures: string[] = []
for (let round = 1; round <= rounds; round++) {
  const state = await mkdtemp(join(tmpdir(), 'lc-boots-'))
  process.env.LEARN_CONTAINERS_STATE = state
  const start = performance.now()
  try {
    await using vm = await openSandbox('qemu')
    await vm.exec('true')
    seconds.push((performance.now() - start) / 1000)
  } catch (error) {
    failures.push(`boot ${round}: ${error}`)
  }
  const log = await readFile(join(state, 'machines/default/keeper.log'), 'utf8').catch(() => '')
  for (const line of log.split('\n').filter((one) => one.includes('boot failed')))
    failures.push(`boot ${round}: ${line}`)
  await rm(state, { recursive: true, force: true })
}
seconds.sort((a, b) => a - b)
const median = seconds[Math.floor(seconds.length / 2)]?.toFixed(1) ?? '-'
const worst = seconds.at(-1)?.toFixed(1) ?? '-'
for (const line of failures) console.log(line)
console.log(
  `${seconds.length} of ${rounds} came up, ${failures.length} failures; median ${median} s, worst ${worst} s`,
)
process.exitCode = failures.length === 0 ? 0 : 1
