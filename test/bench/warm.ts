// What an init that was spawned ahead saves: from the request to the end of
// /bin/true, with a warm init and with a cold one, taking turns. Needs root.
//
//   sudo node_modules/.bin/node test/bench/warm.ts [rounds]
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openCgroup } from '../../engine/libcontainer/cgroups/open.ts'
import type { Config } from '../../engine/libcontainer/config/config.ts'
import { createContainer } from '../../engine/libcontainer/create.ts'
import { capabilitySets } from '../../engine/libcontainer/defaults.ts'
import { deleteContainer } from '../../engine/libcontainer/delete.ts'
import { initCommand } from '../../engine/libcontainer/init-command.ts'
import { startContainer } from '../../engine/libcontainer/run.ts'
import { waitForEnd } from '../../engine/libcontainer/wait.ts'
import { InitPool } from '../../engine/libcontainer/warm.ts'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { makeRootfs } from '../suites/bundle.ts'

const rounds = Number(process.argv[2] ?? 31)
const init = initCommand(join(packageRoot(), 'dist'))
const directory = mkdtempSync(join(tmpdir(), 'lc-warm-'))
const rootfs = join(directory, 'rootfs')
await makeRootfs(rootfs)
const config: Config = {
  ociVersion: '1.2.0',
  root: { path: rootfs },
  process: { args: ['/bin/true'], cwd: '/', user: { uid: 0, gid: 0 }, capabilities: capabilitySets([]) },
  mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
  linux: {
    namespaces: (['mount', 'pid', 'uts', 'ipc', 'network', 'cgroup'] as const).map((type) => ({ type })),
  },
}

interface Times {
  /** Milliseconds until the command runs, and until it has ended. */
  running: number
  ended: number
}

async function run(id: string, warm: InitPool | undefined): Promise<Times> {
  const began = performance.now()
  const root = join(directory, 'state')
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

function median(values: number[]): string {
  return (values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0).toFixed(1).padStart(7)
}

const cold: Times[] = []
const warm: Times[] = []
{
  const reserve = () => {
    const id = `lc-warm-${randomBytes(4).toString('hex')}`
    return { id, cgroup: openCgroup(undefined, id, { systemd: false, rootless: false }) }
  }
  using pool = new InitPool(init, { reserve })
  for (let round = 0; round < rounds; round++) {
    cold.push(await run(`cold-${round}`, undefined))
    pool.fill()
    // A daemon has this time between two requests.
    await sleep(200)
    warm.push(await run(pool.reservedId() ?? `warm-${round}`, pool))
  }
}
rmSync(directory, { recursive: true })
for (const [name, times] of [
  ['cold', cold],
  ['warm', warm],
] as const)
  console.log(
    `${name}: request to execve ${median(times.map((one) => one.running))} ms, to the end of /bin/true ${median(times.map((one) => one.ended))} ms (medians of ${rounds})`,
  )
