// What a supervisor finds when the one before it was killed.
//
//   end.json is there              it has ended, and that is known: kept until `delete`
//   its process runs               adopted: its output is read on, its log goes on. What it
//                                  writes meanwhile waits in the FIFO. Its exit status goes to
//                                  PID 1 and not to us: 255, and the reason
//   it runs, and had a terminal    the terminal went with the supervisor, its processes got
//                                  SIGHUP; who does not care is killed: 137, and the reason
//   its process is gone            it ended while nobody looked: 255, and the reason
//   of exec                        its client is gone with the connection: killed, 137
//   the runtime knows it, we don't half made: deleted
//
// Adopted and not killed: this one process is the parent of every container, and a fault
// of it should cost the machine a line in a log, not all of its services. Nobody tells
// us of the end of a process that is not our child, so once a second we look.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecDriver } from '../../drivers/exec/driver.ts'
import { errorLine } from '../../errors.ts'
import { isAlive, type ProcessIdentity } from '../../libcontainer/process-identity.ts'
import { openLogDriver } from '../logs/open.ts'
import type { Drivers } from './drivers.ts'
import type { End } from './protocol.ts'
import { type Born, namesIn, ProcessDirectory, type ProcessSpec } from './records.ts'
import { reopenOutputs } from './stdio.ts'
import type { Supervisor } from './supervisor.ts'

/** Milliseconds between two looks at a process that is not our child. */
const interval = 1000

type Warn = (line: string) => void

/** To be called before anybody may ask for anything. */
export async function takeOver(supervisor: Supervisor, drivers: Drivers, warn: Warn): Promise<void> {
  const known = new Set<string>()
  for (const name of namesIn(supervisor.directory)) {
    try {
      if (await takeOne(join(supervisor.directory, name), supervisor, drivers, warn)) known.add(name)
    } catch (error) {
      warn(`take over container ${name}: ${errorLine(error)}`)
    }
  }
  for (const id of await drivers.native.list()) {
    if (known.has(id)) continue
    warn(`container ${id} was half made: it is deleted`)
    await drivers.native.delete(id, true).catch((error: unknown) => warn(errorLine(error)))
  }
}

/** @returns whether it is a container that we know from now on */
async function takeOne(path: string, supervisor: Supervisor, drivers: Drivers, warn: Warn): Promise<boolean> {
  const directory = new ProcessDirectory(path)
  const found = directory.read()
  if (found === undefined || !('bundle' in found.spec)) {
    await directory.remove()
    return false
  }
  const { spec, born, end } = found
  const { container, terminal, stdinOnce } = spec
  const driver = drivers.of(spec.runtime)
  const lives = born !== undefined && isAlive(born) && (await driver.state(container))?.status !== 'stopped'
  if (!lives && born === undefined && end === undefined) {
    // `create` was at work, and nobody was told that there is a container.
    await driver.delete(container, true)
    await directory.remove()
    return false
  }
  // It goes on without one, if need be.
  const log =
    lives && !end
      ? await openLogDriver(spec.log).catch((error: unknown) =>
          warn(`the log of ${container}: ${errorLine(error)}`),
        )
      : undefined
  const first = supervisor.watch({
    ...{ container, driver, directory, terminal, stdinOnce, adopted: true },
    ...(log ? { log } : {}),
  })
  const paused = lives && (await driver.state(container))?.status === 'paused'
  supervisor.adopt(container, { driver, first, paused, execs: new Map() })
  for (const name of namesIn(join(path, 'execs')))
    await endExec(new ProcessDirectory(join(path, 'execs', name)))
  if (end !== undefined) await first.known(end, born?.startedAt)
  else if (!lives) await first.known(unknown(), born?.startedAt)
  else await adopt(born, { spec, driver, path, first })
  if (!lives) await driver.delete(container, true).catch((error: unknown) => warn(errorLine(error)))
  return true
}

function unknown(): End {
  const reason = 'it ended while no supervisor ran, and nobody knows how'
  return { status: 255, oomKilled: false, at: new Date().toISOString(), reason }
}

interface Adopted {
  spec: ProcessSpec
  driver: ExecDriver
  path: string
  first: ReturnType<Supervisor['watch']>
}

async function adopt(born: Born, { spec, driver, path, first }: Adopted): Promise<void> {
  const { terminal, container } = spec
  if (terminal) await driver.kill(container, 9, true).catch(() => {})
  first.born(
    {
      pid: born.pid,
      ended: gone(born).then(() => (terminal ? 137 : 255)),
      ends: terminal ? { outputs: [] } : reopenOutputs(path),
    },
    born.startedAt,
  )
}

async function gone(process: ProcessIdentity): Promise<void> {
  while (isAlive(process)) await sleep(interval)
}

/** Nobody is attached to it any more, and nobody will be. */
async function endExec(directory: ProcessDirectory): Promise<void> {
  const found = directory.read()
  if (found?.born && isAlive(found.born)) process.kill(found.born.pid, 'SIGKILL')
  await directory.remove()
}
