// `docker exec`: one more process in a container that runs. First a plan (create), then
// the process, with its streams (start).
//
// Next: engine/daemon/container/exec-rights.ts
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecBody } from '../../api/container-config.ts'
import { detachKeys } from '../../api/detach-keys.ts'
import { EngineError, errorLine } from '../../errors.ts'
import { primeMoves } from '../../libcontainer/cgroups/prime.ts'
import type { Process } from '../../libcontainer/config/process.ts'
import { capabilitySets } from '../../libcontainer/defaults.ts'
import { rightsOf } from '../container/exec-rights.ts'
import type { Exec } from '../container/execs.ts'
import { ownCapabilities } from '../container/host-facts.ts'
import { bundleOf } from '../container/launch.ts'
import { environmentOf } from '../container/merge-config.ts'
import { streamOwner } from '../container/oci-namespaces.ts'
import type { ContainerRecord } from '../container/record.ts'
import { readInRoot } from '../container/root-file.ts'
import { capabilitiesOf } from '../container/security.ts'
import { allow } from '../container/state-machine.ts'
import { resolveUser } from '../container/user.ts'
import type { DaemonJob } from '../daemon.ts'
import { splice } from '../splice.ts'
import type { End } from '../supervisor/protocol.ts'

/** Milliseconds from a plan to its start, by a client that does both. */
const soon = 25

export const execCreate: DaemonJob<{ container: string; body: ExecBody }, string> = {
  name: 'exec-create',
  run({ containers, execs, lifecycle }, { container, body }) {
    const record = containers.find(container)
    allow('exec', record.state.status, { id: record.id, typed: container })
    if (!body.Cmd || body.Cmd.length === 0) throw new EngineError('invalid', 'No exec command specified')
    // Whoever plans an exec starts it next, and then it goes into the container's cgroup.
    const primed = primeMoves()
    setTimeout(() => primed[Symbol.dispose](), soon).unref()
    const { id } = execs.add(record.id, body)
    lifecycle.tell(record, `exec_create: ${spoken(body.Cmd)}`, { execID: id })
    return id
  },
}

/** As Docker's events have it: a space behind the program, whether words follow or not. */
function spoken([program = '', ...words]: readonly string[]): string {
  return `${program} ${words.join(' ')}`
}

export interface ExecStart {
  exec: string
  detach: boolean
  terminal: boolean
  /** Left out: what was said when it was planned. */
  size?: { rows: number; columns: number }
  /** Answers the client, and gives the raw connection. */
  open: (terminal: boolean) => Duplex
}

export const execStart: DaemonJob<ExecStart, void> = {
  name: 'exec-start',
  async run(
    { containers, execs, graph, lifecycle, supervisor },
    { exec: id, detach, terminal, size: now, open },
  ) {
    const client = await supervisor()
    const exec = execs.get(id)
    if (exec.state !== 'created')
      throw new EngineError('conflict', `Error: Exec command ${id} is already running`)
    const record = containers.find(exec.container)
    allow('exec', record.state.status, { id: record.id, typed: record.id })
    // From here on nobody else starts it, and nobody forgets it as one that was never started.
    exec.state = 'running'
    const { body, container } = exec
    const tty = terminal || (body.Tty ?? false)
    const size = now ?? sizeOf(body)
    let connection: Awaited<ReturnType<typeof client.attach>> | undefined
    let process: Process | undefined
    try {
      process = execProcess(record, exec, tty, bundleOf(lifecycle.parts.execRoot, record.id))
      await client.exec({
        ...{ container, exec: id, terminal: tty, stdin: !detach && (body.AttachStdin ?? false), process },
        ...streamOwner(record.hostConfig, graph.driver.owners),
      })
      if (!detach)
        connection = await client.attach({
          ...{ container, exec: id, stdin: body.AttachStdin ?? false },
          stdout: body.AttachStdout ?? false,
          stderr: body.AttachStderr ?? false,
        })
      const pid = await client.start({ container, exec: id })
      // It may have ended, and been said to.
      if (execs.get(id).state === 'running') exec.pid = pid ?? 0
    } catch (error) {
      connection?.stream.destroy()
      const exitStatus = error instanceof EngineError && error.exitStatus === 127 ? 127 : 126
      execs.ended(id, exitStatus)
      if (process === undefined) throw new EngineError('invalid', errorLine(error), { exitStatus })
      // There may be half of it, or nothing.
      await client.delete({ container, exec: id, force: true }).catch(() => {})
      const what = 'OCI runtime exec failed: exec failed: unable to start container process'
      throw new EngineError('invalid', what, { cause: error, exitStatus })
    }
    const ended = ({ status }: End): void => {
      execs.ended(id, status)
      lifecycle.tell(record, 'exec_die', { execID: id, exitCode: String(status) })
    }
    const over = client.wait({ container, exec: id }).then(ended, () => execs.ended(id, 255))
    void over
      .then(() => client.delete({ container, exec: id }))
      // It went with its container.
      .catch(() => {})
    lifecycle.tell(record, `exec_start: ${spoken(body.Cmd ?? [])}`, { execID: id })
    if (connection === undefined) return
    // It may have ended already, and then no size matters; what it wrote is still to be had.
    if (tty && size) await client.resize({ container, exec: id, ...size }).catch(() => {})
    const answer = open(tty)
    const left = await splice(answer, connection.stream, tty ? detachKeys(body.DetachKeys ?? '') : undefined)
    if (left) lifecycle.tell(record, 'exec_detach', { execID: id })
    // Who asks for the exit status next must not come before it is known.
    await Promise.race([over, sleep(patience, undefined, { ref: false })])
    answer.end()
  },
}

/** As it was planned. */
function sizeOf({ ConsoleSize }: ExecBody): { rows: number; columns: number } | undefined {
  const [rows, columns] = ConsoleSize ?? []
  return rows && columns ? { rows, columns } : undefined
}

/** Milliseconds: the output has ended, so the process has, or will in a moment; or it has closed its output and works on. */
const patience = 500

function execProcess(record: ContainerRecord, { body }: Exec, terminal: boolean, bundle: string): Process {
  const { config, hostConfig, state } = record
  const root = `/proc/${state.pid}/root`
  const files = { passwd: readInRoot(root, 'etc/passwd'), group: readInRoot(root, 'etc/group') }
  const user = resolveUser(body.User || config.User || '', files, hostConfig.GroupAdd ?? [])
  const capabilities = capabilitiesOf(
    body.Privileged ? { ...hostConfig, Privileged: true } : hostConfig,
    ownCapabilities(),
  )
  const hostname = config.Hostname || record.id.slice(0, 12)
  return {
    ...rightsOf(bundle),
    terminal,
    user,
    args: [...(body.Cmd ?? [])],
    cwd: body.WorkingDir || config.WorkingDir || '/',
    env: environmentOf(
      { ...config, Tty: terminal, Env: [...(config.Env ?? []), ...(body.Env ?? [])] },
      hostname,
    ),
    capabilities: capabilitySets(capabilities),
  }
}

export interface ExecInspect {
  ID: string
  Running: boolean
  ExitCode: number | null
  ProcessConfig: { tty: boolean; entrypoint: string; arguments: string[]; privileged: boolean; user?: string }
  OpenStdin: boolean
  OpenStderr: boolean
  OpenStdout: boolean
  CanRemove: boolean
  ContainerID: string
  DetachKeys: string
  Pid: number
}

export const execInspect: DaemonJob<{ exec: string }, ExecInspect> = {
  name: 'exec-inspect',
  run({ execs }, { exec: id }) {
    const { body, container, state, exitCode, pid } = execs.get(id)
    const [entrypoint = '', ...words] = body.Cmd ?? []
    return {
      ID: id,
      Running: state === 'running',
      ExitCode: exitCode,
      ProcessConfig: {
        ...{ tty: body.Tty ?? false, entrypoint, arguments: words, privileged: body.Privileged ?? false },
        ...(body.User ? { user: body.User } : {}),
      },
      ...{ OpenStdin: body.AttachStdin ?? false, OpenStderr: body.AttachStderr ?? false },
      ...{ OpenStdout: body.AttachStdout ?? false, CanRemove: false, ContainerID: container },
      ...{ DetachKeys: body.DetachKeys ?? '', Pid: pid },
    }
  },
}

export const resize: DaemonJob<{ container: string; exec?: string; rows: number; columns: number }, void> = {
  name: 'resize',
  async run({ containers, lifecycle, supervisor }, { container, exec, rows, columns }) {
    const record = containers.find(container)
    const { id, state } = record
    allow('resize', state.status, { id, typed: container })
    await (await supervisor()).resize({
      container: id,
      ...(exec === undefined ? {} : { exec }),
      rows,
      columns,
    })
    // Of an exec Docker says nothing.
    if (exec === undefined) lifecycle.tell(record, 'resize', { height: String(rows), width: String(columns) })
  },
}
