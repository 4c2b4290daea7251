// How long does a container take, and what does one cost that does nothing? Ours beside
// runc and crun, and beside the start of Node alone, which ours cannot do without. The runs
// take turns, so that a busy machine is busy for all of them; what counts is the ratio.
//
//   sudo node_modules/.bin/node test/bench/runtime.ts [rounds [how many]]
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { type Container, Runtime } from '../suites/bundle.ts'
import { cgroupRoots } from '../suites/traces.ts'

const rounds = Number(process.argv[2] ?? 15)
const many = Number(process.argv[3] ?? 100)
const ours = process.env.TOCKER_RUNTIME ?? join(packageRoot(), 'engine/libcontainer/tocker-runtime')

const contenders: { name: string; runtime: Runtime; run: Container }[] = []
for (const program of [ours, '/usr/sbin/runc', '/usr/bin/crun'].filter((path) => existsSync(path))) {
  const runtime = await Runtime.open(program)
  const run = await runtime.container({ process: { args: ['/bin/true'] } })
  const { status, stderr } = await runtime.call(['run', '--bundle', run.bundle, run.id])
  if (status === 0) contenders.push({ name: runtime.kind, runtime, run })
  else {
    // crun wants cgroup v1 or v2, and not both with controllers.
    console.log(`${runtime.kind} cannot take part: ${stderr.trim()}`)
    await runtime.close()
  }
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

async function took(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now()
  await work()
  return performance.now() - begin
}

/** One line for each contender, with how many times as long ours takes. */
function report(title: string, unit: string, values: ReadonlyMap<string, number>): void {
  console.log(`\n${title}`)
  const [first = Number.NaN] = values.values()
  for (const [name, value] of values)
    console.log(
      `  ${name.padEnd(16)} ${value.toFixed(1).padStart(9)} ${unit}   ours: ${(first / value).toFixed(2)} x`,
    )
}

const cold = new Map(
  [...contenders.map(({ name }) => name), 'node -e 0'].map((name) => [name, [] as number[]]),
)
for (let round = 0; round < rounds; round++) {
  for (const { name, runtime, run } of contenders)
    cold.get(name)?.push(await took(() => runtime.call(['run', '--bundle', run.bundle, run.id])))
  cold.get('node -e 0')?.push(await took(() => execa(process.execPath, ['-e', '0'])))
}
report('run of /bin/true, cold, median', 'ms', new Map([...cold].map(([name, all]) => [name, median(all)])))
// What a busy machine leaves alone.
report('the same, at best', 'ms', new Map([...cold].map(([name, all]) => [name, Math.min(...all)])))

const series = new Map<string, number>()
for (const { name, runtime, run } of contenders)
  series.set(
    name,
    await took(async () => {
      for (let count = 0; count < many; count++) await runtime.call(['run', '--bundle', run.bundle, run.id])
    }),
  )
report(`${many} containers, one after the other`, 'ms', series)

const atOnce = new Map<string, number>()
for (const { name, runtime } of contenders) {
  const all = await Promise.all(Array.from({ length: 20 }, () => runtime.container()))
  atOnce.set(name, await took(() => Promise.all(all.map((container) => container.launch()))))
  await Promise.all(all.map((container) => container.delete('--force')))
}
report('20 containers at once: create and start', 'ms', atOnce)

// What a container costs that does nothing: what its cgroups are charged with, its own
// process and what the kernel keeps for it; and processes of the runtime that stay.
const [idle, own] = [new Map<string, number>(), new Map<string, string>()]
for (const { name, runtime } of contenders) {
  const containers: Container[] = []
  for (let count = 0; count < many; count++) {
    const container = await runtime.container()
    await container.launch()
    containers.push(container)
  }
  const charged = containers.reduce((sum, { id }) => sum + chargedBytes(id), 0)
  idle.set(name, charged / many / 1024)
  const { count, pss, rss } = memoryOf(runtime)
  own.set(name, `${count} processes of the runtime's own stay: PSS ${pss} kB, RSS ${rss} kB`)
  for (const container of containers) await container.delete('--force')
}
report(`${many} idle containers: memory charged to each`, 'kB', idle)
for (const [name, line] of own) console.log(`  ${name.padEnd(16)} ${line}`)

for (const { runtime } of contenders) await runtime.close()

/** Of processes that were given this runtime's state directory: smaps_rollup, proc_pid_smaps(5). */
function memoryOf(runtime: Runtime): { count: number; pss: number; rss: number } {
  const total = { count: 0, pss: 0, rss: 0 }
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(runtime.directory)) continue
      const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
      total.count++
      total.pss += Number(/^Pss: +(\d+)/m.exec(rollup)?.[1])
      total.rss += Number(/^Rss: +(\d+)/m.exec(rollup)?.[1])
    } catch {
      // It ended meanwhile.
    }
  }
  return total
}

function chargedBytes(id: string): number {
  const files = ['memory.current', 'memory.usage_in_bytes']
  const paths = cgroupRoots().flatMap((root) => files.map((file) => join(root, id, file)))
  const path = paths.find((one) => existsSync(one))
  return path === undefined ? Number.NaN : Number(readFileSync(path, 'utf8'))
}
