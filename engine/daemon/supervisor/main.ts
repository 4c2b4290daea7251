// `tocker-supervisor <exec-root> [cgroup parent]`: the parent of every container.
//
// Started by the daemon (client.ts), which it outlives. One for each exec-root: a second
// one finds the lock taken, and leaves when it stays so.
//
// Next: engine/daemon/supervisor/protocol.ts
import { mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorLine } from '../../errors.ts'
import { initCommand } from '../../libcontainer/init-command.ts'
import { tryFlock } from '../../syscalls/flock.ts'
import { Drivers } from './drivers.ts'
import { SupervisorServer } from './server.ts'
import { Supervisor } from './supervisor.ts'
import { takeOver } from './takeover.ts'

const [directory = '', cgroupParent = '/tocker'] = process.argv.slice(2)
const onWarning = (line: string): void => {
  try {
    // Not process.stderr: it would end us, and with us every container's output, when its disk is full.
    writeSync(2, `${new Date().toISOString()} warning: ${line}\n`)
  } catch {
    // ENOSPC: the line is lost.
  }
}

// A key or a closed terminal ends who started us. We end when we are told so, by `shutdown`.
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGPIPE'] as const) process.on(signal, () => {})
// One container's mistake is not the end of the others.
for (const event of ['unhandledRejection', 'uncaughtException'] as const)
  process.on(event, (error: unknown) => onWarning(`a mistake of ours: ${traced(error)}`))

/** Where it came from, too: nobody else saw it. */
function traced(error: unknown): string {
  const where = error instanceof Error ? (error.stack?.split('\n')[1]?.trim() ?? '') : ''
  return `${errorLine(error)} ${where}`
}

try {
  mkdirSync(directory, { recursive: true, mode: 0o711 })
  // Ours until we end, however that happens.
  const lock = openSync(join(directory, 'lock'), 'w', 0o600)
  // One that was killed holds it until its last thread is gone, and a child of it that has not executed
  // anything yet: whoever started us would wait for nobody if we left at once.
  for (let tries = 0; !tryFlock(lock); tries++) {
    if (tries === 40) process.exit(0)
    await sleep(50)
  }
  writeFileSync(join(directory, 'pid'), String(process.pid))
  const drivers = new Drivers({ directory, cgroupParent, init: initCommand(), onWarning })
  const supervisor = new Supervisor({ directory, drivers, onWarning })
  await takeOver(supervisor, drivers, onWarning)
  const server = await SupervisorServer.listen(directory, supervisor)
  await server.over
  process.exit(0)
} catch (error) {
  process.stderr.write(`tocker-supervisor: ${errorLine(error)}\n`)
  process.exit(1)
}
