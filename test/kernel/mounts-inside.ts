// What mounts.test.ts runs in a new mount namespace: init's middle part, from
// prepareRootfs() to finishRootfs(), and then a script that looks around.
//
// The request comes as JSON in the last argument; the answer goes to standard output.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { errorLine } from '../../engine/errors.ts'
import type { Device, Mount } from '../../engine/libcontainer/config/linux.ts'
import { openSession } from '../../engine/libcontainer/console.ts'
import { makeDevices } from '../../engine/libcontainer/devices.ts'
import { hidePaths } from '../../engine/libcontainer/hidden-paths.ts'
import { openMountTrees } from '../../engine/libcontainer/idmapped.ts'
import { type MountContext, mountFilesystems } from '../../engine/libcontainer/mounts.ts'
import { writeProc } from '../../engine/libcontainer/proc-self.ts'
import { enterRootfs, finishRootfs, prepareRootfs } from '../../engine/libcontainer/rootfs.ts'
import { writeSysctls } from '../../engine/libcontainer/sysctl.ts'
import { duplicate } from '../../engine/syscalls/file.ts'
import { socketpair } from '../../engine/syscalls/socket.ts'
import { dup2 } from '../../engine/syscalls/terminal.ts'

export interface Request {
  rootfs: string
  mounts?: Mount[]
  /** One by one, going on when one is refused, and so many times over: how many were not, `mounted` says. */
  tolerant?: number
  context?: Partial<MountContext>
  propagation?: string
  noPivot?: boolean
  /** Left out: none are made. */
  devices?: { list: Device[]; bind: boolean }
  sysctl?: Record<string, string>
  /** A terminal of the container's own, shown as /dev/console. */
  terminal?: boolean
  /** What an attacker does inside, before the files of /proc are written: run by sh(1). */
  sabotage?: string
  /** Files of /proc to write, one by one: what was refused stands in `unwritten`. */
  written?: Record<string, string>
  masked?: string[]
  readonlyPaths?: string[]
  readonly?: boolean
  /** Run by sh(1) on the host's side of pivot_root, and inside. */
  before?: string
  script?: string
}

export interface Answer {
  /** Our own error line, if something was refused. */
  error?: string
  warnings: string[]
  mounted: number
  /** How many of the refusals there were, by their last words. */
  refusals: Record<string, number>
  unwritten: Record<string, string>
  /** Descriptors that mounting left open. */
  descriptors: number
  before: string
  output: string
  /** Inside, or where it ended. */
  mountinfo: string
}

const request: Request = JSON.parse(process.argv.at(-1) ?? '')
const answer: Answer = {
  warnings: [],
  mounted: 0,
  refusals: {},
  unwritten: {},
  descriptors: 0,
  before: '',
  output: '',
  mountinfo: '',
}

function sh(script: string): string {
  return execFileSync('/bin/sh', ['-c', `exec 2>&1; ${script}; true`], {
    encoding: 'utf8',
    env: { PATH: '/bin:/sbin:/usr/bin:/usr/sbin' },
  }).trim()
}

function run({ rootfs, mounts = [], propagation }: Request): void {
  // In a user namespace it is not ours to map owners: then the test has done it, as the host's half does.
  const trees = request.context?.trees ?? openMountTrees(mounts, {}, ({ source = '' }) => source)
  prepareRootfs(rootfs, propagation)
  const context: MountContext = {
    cgroup: { version: 2, path: '/sys/fs/cgroup' },
    userNamespace: false,
    cgroupNamespace: false,
    ...request.context,
    trees,
  }
  const open = readdirSync('/proc/self/fd').length
  if (request.tolerant)
    for (let round = 0; round < request.tolerant; round++) mountTolerantly(mounts, rootfs, context)
  else answer.warnings = mountFilesystems(mounts, rootfs, context)
  answer.descriptors = readdirSync('/proc/self/fd').length - open
  if (request.devices) makeDevices(rootfs, request.devices.list, { bind: request.devices.bind })
  if (request.before) answer.before = sh(request.before)
  enterRootfs(rootfs, { noPivot: request.noPivot ?? false })
  if (request.sabotage) answer.output = sh(request.sabotage)
  if (request.terminal) openTerminal()
  for (const [path, value] of Object.entries(request.written ?? {})) write(path, value)
  writeSysctls(request.sysctl ?? {})
  hidePaths(request.masked ?? [], request.readonlyPaths ?? [])
  finishRootfs({ readonly: request.readonly ?? false, propagation, mounts })
  if (request.script) answer.output = sh(request.script)
}

/** As init does. Standard output is kept for the answer, and stays where it is. */
function openTerminal(): void {
  const [socket] = socketpair()
  const out = duplicate(1)
  try {
    openSession({ args: ['true'], cwd: '/', user: { uid: 0, gid: 0 } }, { socket, mount: true })
  } finally {
    dup2(out, 1)
  }
}

function write(path: string, value: string): void {
  try {
    writeProc(path, value)
  } catch (error) {
    answer.unwritten[path] = errorLine(error)
  }
}

function mountTolerantly(mounts: readonly Mount[], rootfs: string, context: MountContext): void {
  for (const entry of mounts) {
    try {
      mountFilesystems([entry], rootfs, context)
      answer.mounted++
    } catch (error) {
      // A word of its own: a path may end in capitals by chance.
      const code = /(?<=^|\s)E[A-Z]{3,}(?=\s|:|$)/.exec(errorLine(error))?.[0] ?? errorLine(error)
      answer.refusals[code] = (answer.refusals[code] ?? 0) + 1
    }
  }
}

try {
  run(request)
} catch (error) {
  answer.error = errorLine(error)
}
try {
  answer.mountinfo = readFileSync('/proc/self/mountinfo', 'utf8')
} catch {
  // The container was not given a /proc.
}
process.stdout.write(JSON.stringify(answer))
