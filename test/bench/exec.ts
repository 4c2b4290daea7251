// What a midwife saves: from the request for /bin/true, in a container that runs, until it
// runs and until it has ended; by a midwife who waits, and by a Node that starts in there.
// Both take turns, so that a busy machine is busy for each; what counts is the ratio.
// Needs root.
//
//   sudo node_modules/.bin/node test/bench/exec.ts [rounds]
import { randomBytes } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { NativeDriver } from '../../engine/drivers/exec/native.ts'
import { Reaper } from '../../engine/drivers/exec/reaper.ts'
import { openCgroup } from '../../engine/libcontainer/cgroups/open.ts'
import { defaultSeccomp } from '../../engine/libcontainer/default-seccomp.ts'
import { capabilitySets, defaultCapabilities, defaultMounts } from '../../engine/libcontainer/defaults.ts'
import { initCommand } from '../../engine/libcontainer/init-command.ts'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { makeRootfs } from '../suites/bundle.ts'

const rounds = Number(process.argv[2] ?? 31)
using made = new DisposableStack()
const directory = mkdtempSync(join(tmpdir(), 'lc-exec-'))
made.defer(() => rmSync(directory, { recursive: true, force: true }))
await makeRootfs(join(directory, 'rootfs'))
const none = openSync('/dev/null', 'r+')
made.defer(() => closeSync(none))
const stdio: [number, number, number] = [none, none, none]

const reaper = made.use(new Reaper())
const common = { root: join(directory, 'state'), init: initCommand(join(packageRoot(), 'dist')), reaper }
const reserve = () => {
  const id = `lc-exec-${randomBytes(4).toString('hex')}`
  return { id, cgroup: openCgroup(undefined, id, { systemd: false, rootless: false }) }
}
const warm = made.use(new NativeDriver({ ...common, reserve }))
const cold = made.use(new NativeDriver(common))

const { id } = reserve()
const command = {
  ...{ cwd: '/', env: ['PATH=/bin'], user: { uid: 0, gid: 0 } },
  capabilities: capabilitySets(defaultCapabilities),
}
writeFileSync(
  join(directory, 'config.json'),
  JSON.stringify({
    ...{ ociVersion: '1.2.0', root: { path: join(directory, 'rootfs') }, mounts: defaultMounts },
    process: { ...command, args: ['sleep', '1000'] },
    linux: {
      namespaces: ['mount', 'pid', 'uts', 'ipc', 'network', 'cgroup'].map((type) => ({ type })),
      seccomp: defaultSeccomp(defaultCapabilities),
    },
  }),
)
await warm.create({ id, bundle: directory, stdio, terminal: false })
await warm.start(id)

interface Times {
  driver: NativeDriver
  runs: number[]
  ended: number[]
}
const midwife: Times = { driver: warm, runs: [], ended: [] }
const start: Times = { driver: cold, runs: [], ended: [] }
for (let round = 0; round < rounds; round++)
  for (const { driver, ...times } of [midwife, start]) {
    // As long as a daemon has between two requests.
    await sleep(200)
    const began = performance.now()
    const { ended } = await driver.exec(id, { process: { ...command, args: ['true'] }, stdio })
    times.runs.push(performance.now() - began)
    if ((await ended) !== 0) throw new Error('/bin/true failed')
    times.ended.push(performance.now() - began)
  }
await warm.delete(id, true)

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
const shown = (values: readonly number[]): string =>
  `${median(values).toFixed(1).padStart(5)} ms (${Math.min(...values).toFixed(1)} at best)`
for (const [name, { runs, ended }] of Object.entries({ midwife, cold: start }))
  console.log(`${name.padEnd(8)} runs after ${shown(runs)}, has ended after ${shown(ended)}`)
const ratio = (of: (values: readonly number[]) => number): string =>
  (of(midwife.ended) / of(start.ended)).toFixed(2)
console.log(`ratio ${ratio(median)}, at best ${ratio((values) => Math.min(...values))}`)
