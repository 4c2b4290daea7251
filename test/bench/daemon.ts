// tockerd beside Debian's dockerd, by the same stock client, in turns: how long verbs take,
// and what 50 idle containers cost in memory with their daemon and whoever looks after them.
// What counts is the ratio; its target stands beside it. Needs root, docker and dockerd.
//
//   sudo node_modules/.bin/node test/bench/daemon.ts [rounds] [idle containers] [containers for ps]
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { makeRootfs } from '../suites/bundle.ts'
import { openDockerd } from '../suites/dockerd.ts'
import { removeCgroups } from '../suites/manager.ts'
import { Tockerd } from '../suites/tockerd.ts'

const [rounds = 21, idle = 50, listed = 500] = process.argv.slice(2).map(Number)
const directory = mkdtempSync(join(tmpdir(), 'lc-bd-'))
const config = join(directory, 'config')
mkdirSync(config)

interface Side {
  name: 'tockerd' | 'dockerd'
  socket: string
  /** Its processes, and those that look after its containers; not the containers themselves. */
  own: () => number[]
}

await using stack = new AsyncDisposableStack()
stack.defer(async () => {
  await removeCgroups(`/${basename(directory)}`)
  rmSync(directory, { recursive: true, force: true })
})
const tockerd = stack.use(await Tockerd.open(['--storage-driver=overlay2']))
// A bridge of its own for dockerd, which makes no rules here: what it saves by that counts for it.
const bridge = `lcb${process.pid}`
execFileSync('ip', ['link', 'add', bridge, 'type', 'bridge'])
stack.defer(() => void execFileSync('ip', ['link', 'delete', bridge]))
execFileSync('ip', ['address', 'add', '10.213.77.1/24', 'dev', bridge])
execFileSync('ip', ['link', 'set', bridge, 'up'])
const dockerd = stack.use(
  await openDockerd(join(directory, 'd'), 'overlay2', [
    ...['--bridge', bridge, '--cgroup-parent', `/${basename(directory)}`],
  ]),
)
await makeRootfs(join(directory, 'rootfs'))
execFileSync('tar', ['-C', join(directory, 'rootfs'), '-cf', join(directory, 'box.tar'), '.'])
const sides: readonly Side[] = [
  {
    name: 'tockerd',
    socket: `unix://${tockerd.socket}`,
    own: () => [
      ...[tockerd.pid, tockerd.supervisorPid],
      ...all().filter((pid) => parentOf(pid) === tockerd.supervisorPid && exeOf(pid) === process.execPath),
    ],
  },
  {
    name: 'dockerd',
    socket: dockerd.socket,
    own: () =>
      all().filter(
        (pid) => /dockerd|containerd/.test(exeOf(pid)) && read(`/proc/${pid}/cmdline`).includes(directory),
      ),
  },
]

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
function exeOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/exe`)
  } catch {
    return ''
  }
}
const all = (): number[] =>
  readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0)
const parentOf = (pid: number): number => Number(/^PPid:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1])

/** Megabytes. */
function memory(pids: readonly number[], kind: 'Pss' | 'Rss'): number {
  const of = (pid: number): number =>
    Number(new RegExp(`^${kind}:\\s+(\\d+)`, 'm').exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0)
  return pids.reduce((sum, pid) => sum + of(pid), 0) / 1024
}

const docker = async ({ socket }: Side, ...words: string[]): Promise<string> =>
  (await execa('docker', words, { env: { DOCKER_HOST: socket, DOCKER_CONFIG: config }, stdin: 'ignore' }))
    .stdout

async function time(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}

/** Both, `times` times in turns. @returns what each took, by its name */
async function inTurns(
  times: number,
  work: (side: Side) => Promise<unknown>,
): Promise<Record<Side['name'], number[]>> {
  const taken = { tockerd: [] as number[], dockerd: [] as number[] }
  for (let round = 0; round < times; round++)
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      // Who has just worked may tidy up: that is not the other one's time.
      await sleep(100)
      taken[side.name].push(await time(() => work(side)))
    }
  return taken
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0)

function tell(what: string, ours: number, theirs: number, target?: number, unit = 'ms'): void {
  const ratio = (ours / theirs).toFixed(2)
  const wanted = target === undefined ? '' : `  target ${target}${ours / theirs <= target ? '' : ', missed'}`
  console.log(
    `${what.padEnd(46)} ${ours.toFixed(0).padStart(6)} ${theirs.toFixed(0).padStart(6)} ${unit}  ratio ${ratio}${wanted}`,
  )
}

/** Both are closed with nothing in them. */
async function removeAll(side: Side): Promise<void> {
  const left = (await docker(side, 'ps', '-aq')).split('\n').filter(Boolean)
  while (left.length > 0) await docker(side, 'rm', '-f', ...left.splice(0, 100))
}
for (const side of sides) stack.defer(() => removeAll(side))

console.log(`${''.padEnd(46)} tocker docker`)
for (const side of sides) {
  await docker(side, 'import', '-c', 'CMD ["sh"]', join(directory, 'box.tar'), 'box')
  await docker(side, 'run', '--rm', '--network', 'none', 'box', 'true')
  await docker(side, 'run', '-d', '--name', 'here', '--network', 'none', 'box', 'sleep', '10000')
}

const run = await inTurns(rounds, (side) => docker(side, 'run', '--rm', '--network', 'none', 'box', 'true'))
tell('run --rm --network none box true', median(run.tockerd), median(run.dockerd), 0.35)
const bridged = await inTurns(rounds, (side) => docker(side, 'run', '--rm', 'box', 'true'))
tell('run --rm box true, on the default bridge', median(bridged.tockerd), median(bridged.dockerd), 0.4)
const exec = await inTurns(rounds, (side) => docker(side, 'exec', 'here', 'true'))
tell('exec here true', median(exec.tockerd), median(exec.dockerd), 0.6)

// In blocks of ten: one start after the other, without the pause in which the other works.
const ids = { tockerd: [] as string[], dockerd: [] as string[] }
const start = async (side: Side): Promise<void> => {
  ids[side.name].push(await docker(side, 'run', '-d', '--network', 'none', 'box', 'sleep', '10000'))
}
const starts = await inTurns(idle / 10, async (side) => {
  for (let count = 0; count < 10; count++) await start(side)
})
tell(`${idle} x run -d, one after the other`, sum(starts.tockerd), sum(starts.dockerd), 0.3)

await sleep(2000)
const [ours, theirs] = sides.map(({ own }) => own()) as [number[], number[]]
for (const kind of ['Pss', 'Rss'] as const)
  tell(
    `${kind.toUpperCase()} with ${idle} idle, ${ours.length} and ${theirs.length} processes`,
    ...([memory(ours, kind), memory(theirs, kind), 0.3, 'MB'] as const),
  )

const gone = await inTurns(1, (side) => docker(side, 'rm', '-f', ...ids[side.name].splice(0)))
tell(`rm -f of those ${idle}`, sum(gone.tockerd), sum(gone.dockerd))

const atOnce = await inTurns(3, async (side) => {
  await Promise.all(Array.from({ length: 20 }, () => start(side)))
})
tell('20 x run -d at once', median(atOnce.tockerd), median(atOnce.dockerd))
for (const side of sides) await docker(side, 'rm', '-f', ...ids[side.name].splice(0))

/** By the API, as no client is needed for what is not timed. */
function create({ socket }: Side, agent: Agent): Promise<void> {
  const body = JSON.stringify({ Image: 'box', Cmd: ['true'], HostConfig: { NetworkMode: 'none' } })
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        ...{ socketPath: socket.replace('unix://', ''), method: 'POST', path: '/containers/create', agent },
        headers: { 'content-type': 'application/json', 'content-length': body.length },
      },
      (answer) => answer.resume().once('end', resolve),
    )
    sent.once('error', reject).end(body)
  })
}
const created = { tockerd: 0, dockerd: 0 }
for (const side of sides) {
  const agent = new Agent({ keepAlive: true })
  created[side.name] = await time(async () => {
    for (let count = 0; count < listed; count++) await create(side, agent)
  })
  agent.destroy()
}
tell(`${listed} x create`, created.tockerd, created.dockerd)
const ps = await inTurns(rounds, (side) => docker(side, 'ps', '-aq'))
tell(`ps -a of ${listed}, created only`, median(ps.tockerd), median(ps.dockerd))
