// How long does an image travel? Pull and push of one large layer, and of ten smaller
// ones, between us and a docker-registry on loopback; beside dockerd and skopeo. They take
// turns, so that a busy machine is busy for all of them; what counts is the ratio.
//
//   sudo node_modules/.bin/node test/bench/distribution.ts [rounds [megabytes]]
//
// dockerd and tocker unpack with overlay2. Ours is timed inside its process, as a daemon
// would do it, and begins with an empty data-root each time; dockerd is asked by its API,
// through `docker`. skopeo copies to a directory, and unpacks nothing: it is the floor.
// dockerd keeps no blobs, so its push compresses each layer again.
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { DockerRegistry } from '../suites/docker-registry.ts'
import { openDockerd } from '../suites/dockerd.ts'
import { writeLayout } from '../suites/oci-layout.ts'
import { archiveOf } from '../suites/registry-image.ts'

const rounds = Number(process.argv[2] ?? 5)
const megabytes = Number(process.argv[3] ?? 200)
const directory = mkdtempSync(join(tmpdir(), 'lc-bench-'))
const at = (path: string): string => join(directory, path)
await using cleanup = new AsyncDisposableStack()
cleanup.defer(() => rmSync(directory, { recursive: true, force: true }))
const source = cleanup.use(await DockerRegistry.open(at('source')))
const target = cleanup.use(await DockerRegistry.open(at('target')))
const dockerd = cleanup.use(await openDockerd(at('d'), 'overlay2'))
const insecure = ['--src-tls-verify=false', '--dest-tls-verify=false']
const skopeo = (...args: string[]) => execa('skopeo', ['copy', '-q', ...insecure, ...args])

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

async function took(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now()
  await work()
  return performance.now() - begin
}

interface Took {
  milliseconds: number
  /** Of the processor; of skopeo nobody tells us. */
  cpu: number | undefined
}

/** What dockerd and the children that it has waited for have used: proc_pid_stat(5), in hundredths. */
function cpuOfDockerd(): number {
  const fields = readFileSync(`/proc/${dockerd.pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) * 10, 0)
}

async function dockers(...args: string[]): Promise<Took> {
  const before = cpuOfDockerd()
  const milliseconds = await took(() => dockerd.docker(...args))
  return { milliseconds, cpu: cpuOfDockerd() - before }
}

async function skopeos(...args: string[]): Promise<Took> {
  return { milliseconds: await took(() => skopeo(...args)), cpu: undefined }
}

let peak = 0
async function ours(...args: string[]): Promise<Took> {
  const script = join(packageRoot(), 'test/suites/distribution-process.ts')
  const { stdout } = await execa(process.execPath, [script, at('ours'), 'overlay2', ...args], {
    env: { NODE_NO_WARNINGS: '1' },
  })
  const { milliseconds, cpu, rss } = JSON.parse(stdout)
  peak = Math.max(peak, rss)
  return { milliseconds: median(milliseconds), cpu }
}

function report(title: string, values: ReadonlyMap<string, Took[]>): void {
  console.log(`\n${title}`)
  const times = (all: readonly Took[] = []): number[] => all.map(({ milliseconds }) => milliseconds)
  const mine = median(times(values.get('tocker')))
  for (const [name, all] of values) {
    const value = median(times(all))
    const spread = `${Math.min(...times(all)).toFixed(0)} to ${Math.max(...times(all)).toFixed(0)}`
    const cpu = all.flatMap((one) => one.cpu ?? [])
    console.log(
      [
        `  ${name.padEnd(8)} ${value.toFixed(0).padStart(6)} ms  (${spread})`.padEnd(42),
        `ours: ${(mine / value).toFixed(2)} x`,
        cpu.length > 0 ? `   CPU ${median(cpu).toFixed(0).padStart(6)} ms` : '',
      ].join(''),
    )
  }
}

/** A file that does not shrink, as the layers of most programs hardly do. */
const layerOf = (size: number): Buffer =>
  archiveOf((path) => writeFileSync(join(path, `data-${randomBytes(4).toString('hex')}`), randomBytes(size)))

for (const count of [1, 10]) {
  const size = (megabytes / count) * 2 ** 20
  writeLayout(
    at('layout'),
    Array.from({ length: count }, () => layerOf(size)),
  )
  const image = `${source.host}/bench:${count}`
  await skopeo(`oci:${at('layout')}:1`, `docker://${image}`)
  const pulls = new Map<string, Took[]>([
    ['tocker', []],
    ['dockerd', []],
    ['skopeo', []],
  ])
  const pushes = new Map<string, Took[]>([...pulls].map(([name]) => [name, []]))
  const pushed = `${target.host}/bench:${count}`
  const timePush = async (name: string, work: () => Promise<Took>): Promise<void> => {
    target.clear()
    pushes.get(name)?.push(await work())
  }
  for (let round = 0; round < rounds; round++) {
    for (const path of ['ours', 'copy']) rmSync(at(path), { recursive: true, force: true })
    mkdirSync(at('ours'))
    pulls.get('tocker')?.push(await ours('pull', image))
    pulls.get('dockerd')?.push(await dockers('pull', '-q', image))
    pulls.get('skopeo')?.push(await skopeos(`docker://${image}`, `dir:${at('copy')}`))
    await timePush('tocker', () => ours('push', image, pushed))
    await dockerd.docker('tag', image, pushed)
    await timePush('dockerd', () => dockers('push', '-q', pushed))
    await timePush('skopeo', () => skopeos(`dir:${at('copy')}`, `docker://${pushed}`))
    await dockerd.docker('rmi', image, pushed)
  }
  const what = count === 1 ? `one layer of ${megabytes} MB` : `${count} layers of ${megabytes / count} MB`
  report(`pull of ${what}, median of ${rounds}`, pulls)
  report(`push of ${what}, median of ${rounds}`, pushes)
}
console.log(`\nour peak RSS: ${(peak / 2 ** 20).toFixed(0)} MB`)
