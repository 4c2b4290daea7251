// What an init that was spawned ahead saves: from the request to the end of /bin/true,
// with a warm init and with a cold one, and with a warm one that has to make all that a
// manager asks for: ten mounts, devices, hidden paths, a seccomp filter. Beside them the
// smallest container that there is (smallest-init.ts), whose init was spawned ahead too.
// All take turns, so that a busy machine is busy for each of them; what counts is the
// ratio. Needs root.
//
//   sudo node_modules/.bin/node test/bench/warm.ts [rounds]
import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, symlinkSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { build } from 'esbuild'
import { giveBirth } from '../../engine/libcontainer/birth.ts'
import { openCgroup } from '../../engine/libcontainer/cgroups/open.ts'
import type { Config } from '../../engine/libcontainer/config/config.ts'
import { createContainer } from '../../engine/libcontainer/create.ts'
import { defaultSeccomp } from '../../engine/libcontainer/default-seccomp.ts'
import {
  capabilitySets,
  defaultCapabilities,
  defaultMaskedPaths,
  defaultMounts,
  defaultReadonlyPaths,
} from '../../engine/libcontainer/defaults.ts'
import { deleteContainer } from '../../engine/libcontainer/delete.ts'
import { initCommand } from '../../engine/libcontainer/init-command.ts'
import { startContainer } from '../../engine/libcontainer/run.ts'
import { waitForEnd } from '../../engine/libcontainer/wait.ts'
import { InitPool } from '../../engine/libcontainer/warm.ts'
import { socketpair } from '../../engine/syscalls/socket.ts'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { makeRootfs } from '../suites/bundle.ts'

const rounds = Number(process.argv[2] ?? 31)
/** Milliseconds that a daemon has between two requests. */
const idle = 200
const init = initCommand(join(packageRoot(), 'dist'))
using made = new DisposableStack()
const temporary = (parent: string): string => {
  const path = mkdtempSync(join(parent, 'lc-warm-'))
  made.defer(() => rmSync(path, { recursive: true, force: true }))
  return path
}
const directory = temporary(tmpdir())
// In memory, as /run is.
const root = temporary(existsSync('/dev/shm') ? '/dev/shm' : '/run')
const rootfs = join(directory, 'rootfs')
await makeRootfs(rootfs)
// JavaScript, as tocker-init is: a Node that has stripped types is twice as large, and ends slower.
const smallestInit = join(directory, 'smallest-init.mjs')
symlinkSync(join(packageRoot(), 'node_modules'), join(directory, 'node_modules'))
await build({
  entryPoints: [join(import.meta.dirname, 'smallest-init.ts')],
  ...{ outfile: smallestInit, bundle: true, platform: 'node', format: 'esm', target: 'node26' },
  external: ['koffi'],
})

const command = { args: ['/bin/true'], cwd: '/', user: { uid: 0, gid: 0 } }
const namespaces = (['mount', 'pid', 'uts', 'ipc', 'network', 'cgroup'] as const).map((type) => ({ type }))
const plain: Config = {
  ociVersion: '1.2.0',
  root: { path: rootfs },
  process: { ...command, capabilities: capabilitySets([]) },
  mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
  linux: { namespaces },
}
const full: Config = {
  ...plain,
  hostname: 'bench',
  process: { ...command, capabilities: capabilitySets(defaultCapabilities) },
  mounts: [...defaultMounts],
  linux: {
    namespaces,
    maskedPaths: [...defaultMaskedPaths],
    readonlyPaths: [...defaultReadonlyPaths],
    resources: { memory: { limit: 256 << 20 }, pids: { limit: 100 } },
    seccomp: defaultSeccomp(defaultCapabilities),
  },
}

interface Times {
  /** Milliseconds until the command runs; of the smallest container, where nobody says so, unknown. */
  running?: number
  /** And until it has ended. */
  ended: number
}

async function run(id: string, config: Config, warm?: InitPool): Promise<Times> {
  const began = performance.now()
  const { state, birth } = await createContainer({
    ...{ root, id, bundle: directory, config, init },
    ...(warm ? { warm } : {}),
  })
  const end = waitForEnd(birth, state.init?.pid ?? 0)
  await startContainer(root, state)
  const running = performance.now() - began
  await end
  const ended = performance.now() - began
  await deleteContainer(root, state)
  return { running, ended }
}

async function runWarm(config: Config): Promise<Times> {
  using pool = new InitPool(init, {
    reserve: () => {
      const id = `lc-warm-${randomBytes(4).toString('hex')}`
      return { id, cgroup: openCgroup(undefined, id, { systemd: false, rootless: false }) }
    },
  })
  await sleep(idle)
  // A busy machine may need longer.
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; await sleep(20)) {
    const id = pool.reservedId()
    if (id !== undefined) return run(id, config, pool)
  }
  throw new Error('no init became ready')
}

async function runSmallest(): Promise<Times> {
  const [ours, theirs] = socketpair()
  const none = openSync('/dev/null', 'r+')
  const { child } = giveBirth(
    [process.execPath, smallestInit, rootfs],
    [{ type: 'pid' }],
    [none, none, 2, theirs],
  )
  for (const fd of [none, theirs]) closeSync(fd)
  await sleep(idle)
  const began = performance.now()
  writeSync(ours, '.')
  const status = await child.ended()
  const ended = performance.now() - began
  closeSync(ours)
  if (status !== 0) throw new Error(`the smallest container ended with ${status}`)
  return { ended }
}

const contenders: Record<string, { one: () => Promise<Times>; times: Times[] }> = {
  smallest: { one: runSmallest, times: [] },
  warm: { one: () => runWarm(plain), times: [] },
  'warm, with everything': { one: () => runWarm(full), times: [] },
  cold: { one: () => run(`lc-cold-${randomBytes(4).toString('hex')}`, plain), times: [] },
}
for (let round = 0; round < rounds; round++)
  for (const { one, times } of Object.values(contenders)) times.push(await one())

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
const shown = (values: readonly number[]): string =>
  `${median(values).toFixed(1).padStart(6)} ms (${Math.min(...values).toFixed(1)} at best)`
const ended = ({ times }: { times: readonly Times[] }): number[] => times.map((one) => one.ended)

console.log(`from the request, medians of ${rounds} that took turns`)
const [first] = Object.values(contenders)
const least = first ? ended(first) : []
for (const [name, contender] of Object.entries(contenders)) {
  const running = contender.times.flatMap((one) => one.running ?? [])
  const all = ended(contender)
  const ratios = [median(all) / median(least), Math.min(...all) / Math.min(...least)]
  console.log(
    [
      name.padEnd(22),
      running.length === 0 ? ''.padEnd(38) : `to execve ${shown(running)}`.padEnd(38),
      `to the end of /bin/true ${shown(all)}`,
      `${ratios.map((ratio) => ratio.toFixed(2)).join(', at best ')} x the smallest`,
    ].join('  '),
  )
}
