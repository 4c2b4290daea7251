// What a network costs, beside Debian's dockerd in one run: the start of a container with and
// without one, and bytes a second between containers and through a published port.
//
// Each daemon has a host of its own (two-hosts.ts), and the two take turns. Needs root.
//
//   sudo node_modules/.bin/node test/bench/network.ts [rounds] [seconds of each transfer]
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { makeRootfs } from '../suites/bundle.ts'
import { openDockerd } from '../suites/dockerd.ts'
import { removeCgroups } from '../suites/manager.ts'
import { Tockerd } from '../suites/tockerd.ts'
import { hostAddress, TwoHosts } from '../suites/two-hosts.ts'

const rounds = Number(process.argv[2] ?? 15)
const seconds = Number(process.argv[3] ?? 3)

await using undo = new AsyncDisposableStack()
const directory = mkdtempSync(join(tmpdir(), 'lc-nb-'))
undo.defer(() => rmSync(directory, { recursive: true, force: true }))
const [ours, theirs] = [undo.use(new TwoHosts()), undo.use(new TwoHosts())]
undo.defer(() => removeCgroups(`/${basename(directory)}`))
undo.defer(() => {
  // The namespace of host networking stays mounted.
  for (const line of readFileSync('/proc/self/mounts', 'utf8').split('\n'))
    if (line.split(' ')[1]?.startsWith(`${directory}/`))
      execFileSync('umount', ['--lazy', line.split(' ')[1] ?? ''])
})
const tockerd = undo.use(await Tockerd.open(['--storage-driver=overlay2'], ours.path))
const dockerd = await openDockerd(
  join(directory, 'd'),
  'overlay2',
  ['--cgroup-parent', `/${basename(directory)}`],
  theirs.path,
)
undo.defer(async () => {
  try {
    await dockerd[Symbol.asyncDispose]()
  } catch {
    // EBUSY: what stays mounted goes below.
  }
})

const environments = {
  tocker: tockerd.environment,
  docker: { DOCKER_HOST: dockerd.socket, DOCKER_CONFIG: directory },
}
type Side = keyof typeof environments
const sides = ['tocker', 'docker'] as const
const hostOf = { tocker: ours, docker: theirs }

async function docker(side: Side, ...words: string[]): Promise<string> {
  return (await execa('docker', words, { env: environments[side], stdin: 'ignore' })).stdout
}

await makeRootfs(join(directory, 'rootfs'))
execFileSync('tar', ['-C', join(directory, 'rootfs'), '-cf', join(directory, 'box.tar'), '.'])
await docker('docker', 'import', join(directory, 'box.tar'), 'busybox')

async function time(side: Side, ...flags: string[]): Promise<number> {
  const began = performance.now()
  await docker(side, 'run', '--rm', ...flags, 'busybox', 'true')
  return performance.now() - began
}

const median = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
const kinds = { bridge: [], none: ['--network', 'none'], 'bridge -p': ['-p', '8000:80'] }
const times = new Map<string, number[]>()
for (let round = -1; round < rounds; round++)
  for (const [kind, flags] of Object.entries(kinds))
    for (const side of sides) {
      await sleep(100)
      const took = await time(side, ...flags)
      const key = `${side} ${kind}`
      // The first makes bridges and tables.
      if (round >= 0) times.set(key, [...(times.get(key) ?? []), took])
    }
const of = (side: Side, kind: string): number => median(times.get(`${side} ${kind}`) ?? [])
for (const kind of Object.keys(kinds)) {
  const [mine, other] = [of('tocker', kind), of('docker', kind)]
  const least = Math.min(...(times.get(`tocker ${kind}`) ?? []))
  console.log(
    `run --rm true, ${kind}: tocker ${mine.toFixed(0)} ms (least ${least.toFixed(0)}), docker ${other.toFixed(0)} ms, ratio ${(mine / other).toFixed(2)}`,
  )
}
for (const side of sides)
  console.log(
    `the bridge adds to ${side}: ${(of(side, 'bridge') - of(side, 'none')).toFixed(0)} ms, a published port ${(of(side, 'bridge -p') - of(side, 'bridge')).toFixed(0)} ms more`,
  )

const mounts = ['/usr:/usr:ro', '/usr/lib:/lib:ro', '/usr/lib64:/lib64:ro'].flatMap((one) => ['-v', one])
const iperf3 = [...mounts, 'busybox', '/usr/bin/iperf3']
for (const side of sides)
  await docker(side, 'run', '-d', '--name', 'server', '-p', '5201:5201', ...iperf3, '-s')
await sleep(500)

/** Gigabits a second. */
function speed(json: string): number {
  return JSON.parse(json).end.sum_received.bits_per_second / 1e9
}

const ways: Record<string, (side: Side) => Promise<string>> = {
  'container to container': async (side) => {
    const address = await docker(side, 'inspect', '--format', '{{.NetworkSettings.IPAddress}}', 'server')
    return docker(side, 'run', '--rm', ...iperf3, '-c', address, '-t', String(seconds), '-J')
  },
  'outside to a published port': (side) =>
    hostOf[side].outside('iperf3', '-c', hostAddress, '-t', String(seconds), '-J'),
  'localhost to a published port': (side) =>
    hostOf[side].host('iperf3', '-c', '127.0.0.1', '-t', String(seconds), '-J'),
}
for (const [way, measure] of Object.entries(ways)) {
  const speeds: Record<Side, number[]> = { tocker: [], docker: [] }
  for (let round = 0; round < 5; round++)
    for (const side of sides) speeds[side].push(speed(await measure(side)))
  const [mine, other] = [median(speeds.tocker), median(speeds.docker)]
  console.log(
    `${way}: tocker ${mine.toFixed(1)} Gbit/s, docker ${other.toFixed(1)}, ratio ${(mine / other).toFixed(2)}`,
  )
}
for (const side of sides) await docker(side, 'rm', '-f', 'server')
