// A container, from the inside: PID 1 of a new PID namespace, until it becomes
// the command that it was asked for.
//
// On entry: descriptor 3 brings the config, descriptor 4 takes our words, the
// parent has put us into the cgroup before it sent anything. Synchronous from
// the first line to execve(2); a namespace belongs to this thread.
//
// Next: engine/syscalls/libc.ts
import { accessSync, constants, mkdirSync, readFileSync, statSync, writeSync } from 'node:fs'
import { posix } from 'node:path'
import { EngineError, errorLine } from '../errors.ts'
import { command } from '../syscalls/command.ts'
import { sethostname } from '../syscalls/namespace.ts'
import { chdir, dieWithParent, execve } from '../syscalls/process.ts'
import { traceTo } from '../trace/trace.ts'
import { defaultMaskedPaths, defaultMounts, defaultReadonlyPaths } from './default-mounts.ts'
import { makeDevices } from './devices.ts'
import { hidePaths } from './hidden-paths.ts'
import { mountFilesystems } from './mounts.ts'
import { unshareNamespaces } from './namespaces.ts'
import { enterRootfs, finishRootfs, prepareRootfs } from './rootfs.ts'
import { type ContainerConfig, containerConfigSchema, type InitMessage } from './spec.ts'

const configFd = 3
const wordsFd = 4

/** Never returns: becomes the container, or says why not and exits. */
export function runInit(): never {
  try {
    const text = readFileSync(configFd, 'utf8')
    // End of file with nothing before it: the parent died. There is nobody to tell.
    if (text === '') process.exit(1)
    const config = containerConfigSchema.parse(JSON.parse(text))
    if (config.trace) traceTo((record) => say({ type: 'trace', record }), 'init')
    becomeContainer(config)
  } catch (error) {
    say({
      type: 'failed',
      message: errorLine(error),
      exitStatus: error instanceof EngineError ? error.exitStatus : 125,
    })
    process.exit(125)
  }
}

// #region become-container
function becomeContainer(config: ContainerConfig): never {
  // Should tocker be killed, nobody would be left to clean up after us.
  dieWithParent('SIGKILL')
  unshareNamespaces(config.network)
  sethostname(config.hostname)
  if (config.network === 'none') raiseLoopback()
  // Sharing the host's network: its /sys stays out.
  const mounts = defaultMounts.filter(({ type }) => type !== 'sysfs' || config.network === 'none')
  prepareRootfs(config.rootfs)
  const context = { cgroup: { version: 2, path: '/' }, userNamespace: false, cgroupNamespace: true } as const
  mountFilesystems(mounts, config.rootfs, context)
  makeDevices(config.rootfs, [], { bind: false })
  enterRootfs(config.rootfs)
  hidePaths(defaultMaskedPaths, defaultReadonlyPaths)
  finishRootfs({ readonly: config.readonly, mounts })
  enterDirectory(config.process.cwd)
  const { args, env } = config.process
  execve(findExecutable(args[0] ?? '', env.PATH ?? ''), args, env)
}
// #endregion become-container

/** A new network namespace has one interface, lo, and it is down. */
function raiseLoopback(): void {
  try {
    command('ip', 'link', 'set', 'lo', 'up')
  } catch (error) {
    say({ type: 'warning', message: `lo stays down: ${errorLine(error)}` })
  }
}

function enterDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true })
    chdir(path)
  } catch (cause) {
    throw new EngineError('invalid', `enter the working directory ${path}`, { cause })
  }
}

/** What execvp(3) does: a name without a slash is looked for in PATH. 127: not there; 126: there, and not executable. */
function findExecutable(name: string, path: string): string {
  const candidates = name.includes('/')
    ? [name]
    : path.split(':').map((directory) => posix.join(directory || '.', name))
  let refused: string | undefined
  for (const candidate of candidates) {
    const info = statSync(candidate, { throwIfNoEntry: false })
    if (!info) continue
    try {
      accessSync(candidate, constants.X_OK)
      if (info.isFile()) return candidate
      refused ??= `${candidate} is a directory`
    } catch {
      refused ??= `${candidate} is not executable`
    }
  }
  if (refused !== undefined) throw new EngineError('invalid', refused, { exitStatus: 126 })
  const where = name.includes('/') ? 'in the root filesystem' : `in PATH (${path})`
  throw new EngineError('not-found', `no command ${name} ${where}`, { exitStatus: 127 })
}

function say(message: InitMessage): void {
  writeSync(wordsFd, `${JSON.stringify(message)}\n`)
}
