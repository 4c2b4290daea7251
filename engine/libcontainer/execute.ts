// The end of init: finding the file, and becoming it.
//
// On a container's start this is the last of ours that runs. What fails here is
// for people, in the words that they know from runc and Docker, with Docker's
// exit statuses: 127 there is no such command, 126 it cannot be executed.
//
// Next: engine/syscalls/exec.ts
import { accessSync, constants, mkdirSync, readdirSync, type Stats, statSync } from 'node:fs'
import { EngineError, hasCode, SyscallError } from '../errors.ts'
import {
  closeFromOnExec,
  prepareExecve,
  resetSignal,
  setCloseOnExec,
  unblockSignals,
} from '../syscalls/exec.ts'
import type { PreparedCall } from '../syscalls/prepared.ts'
import { chdir, currentDirectory } from '../syscalls/process.ts'
import { type PreparedChild, prepareSpawn } from '../syscalls/spawn.ts'
import type { Process } from './config/process.ts'
import { processEnvironment } from './credentials.ts'

/**
 * Our own executable, Node, as this file is loaded: before any mount of the
 * container's. Its device and inode tell it from all others, by whichever path.
 */
const ourselves = statSync('/proc/self/exe', { throwIfNoEntry: false })

export interface Program {
  file: string
  env: string[]
}

/** Where the command is, from its working directory and by its PATH. */
export function findProgram(process: Process, listenEnv: readonly string[]): Program {
  enterDirectory(process.cwd)
  const env = [...processEnvironment(process.env ?? [], process.user.uid), ...listenEnv]
  return { file: resolveExecutable(process.args[0] ?? '', env), env }
}

function enterDirectory(path: string): void {
  try {
    chdirMaking(path)
    // An image's /proc/self/fd/7 may be a directory of the host's that somebody left open, and
    // from there ".." leads up to the host's "/" (CVE-2024-21626).
    if (!currentDirectory().startsWith('/'))
      throw new EngineError('forbidden', 'it is not below the root of the container')
  } catch (cause) {
    throw new EngineError('invalid', `$.process.cwd: enter ${path}`, { cause })
  }
}

/** What an image lacks is made. Not by Node's own `recursive`: where mkdir(2) says ENOENT though the parent is there, as in /proc, it tries without end. */
function chdirMaking(path: string): void {
  try {
    chdir(path)
    return
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
  let made = ''
  for (const part of path.split('/').filter(Boolean)) {
    made += `/${part}`
    try {
      mkdirSync(made)
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error
    }
  }
  chdir(path)
}

/**
 * Finds a command as execvp(3) does: a name with a slash is a path, any other is
 * looked for in the directories of PATH, the container's.
 * @param env `NAME=value`
 * @throws EngineError with exitStatus 127 or 126
 */
export function resolveExecutable(name: string, env: readonly string[]): string {
  if (name === '') throw notFound(name)
  if (name.includes('/')) {
    const why = whyNotExecutable(name)
    if (why === undefined) return name
    throw why === 'ENOENT'
      ? new EngineError('not-found', `exec: "${name}": stat ${name}: no such file or directory`, {
          exitStatus: 127,
        })
      : notExecutable(name, why)
  }
  // The first that is there counts, as for getenv(3).
  const path = env.find((entry) => entry.startsWith('PATH='))?.slice('PATH='.length)
  let refused: string | undefined
  // Without any PATH: glibc's _CS_PATH, confstr(3).
  for (const directory of (path ?? '/bin:/usr/bin').split(':')) {
    const candidate = `${directory === '' ? '.' : directory}/${name}`
    const why = whyNotExecutable(candidate)
    if (why === undefined) return candidate
    // execvp(3) goes on after EACCES, and reports it when nothing better comes.
    if (why !== 'ENOENT') refused ??= why
  }
  throw refused === undefined ? notFound(name) : notExecutable(name, refused)
}

function whyNotExecutable(path: string): 'ENOENT' | 'is a directory' | 'permission denied' | undefined {
  let info: Stats | undefined
  try {
    info = statSync(path, { throwIfNoEntry: false })
  } catch {
    return 'permission denied' // EACCES on the way, or ELOOP
  }
  if (!info) return 'ENOENT'
  if (info.isDirectory()) return 'is a directory'
  try {
    accessSync(path, constants.X_OK)
    return undefined
  } catch {
    return 'permission denied'
  }
}

function notFound(name: string): EngineError {
  return new EngineError('not-found', `exec: "${name}": executable file not found in $PATH`, {
    exitStatus: 127,
  })
}

function notExecutable(name: string, why: string): EngineError {
  return new EngineError('invalid', `exec: "${name}": ${why}`, { exitStatus: 126 })
}

/**
 * Refuses to execute the runtime itself. An image may have /proc/self/exe as its
 * command, or as the interpreter of its script: init would become Node again,
 * inside the container, and a process there could open /proc/PID/exe for writing
 * and so overwrite Node on the host (CVE-2019-5736).
 *
 * This look catches the plain case only. What else protects: exec's init is made
 * undumpable (PR_SET_DUMPABLE 0) before it enters the container's namespaces,
 * where others run, so that nobody there may follow its /proc/PID/exe; and by that
 * way nobody may write to it: init was executed from a mount that is read-only (birth.ts).
 */
function refuseOurselves(file: string): void {
  const info = statSync(file, { throwIfNoEntry: false })
  if (ourselves && info && info.dev === ourselves.dev && info.ino === ourselves.ino)
    throw new EngineError('forbidden', `exec: "${file}": this is the container runtime's own executable`, {
      exitStatus: 126,
    })
}

/**
 * Makes ready what becomes of this process: descriptors, signals, and the call itself.
 * @param file from resolveExecutable()
 * @param args with the program's own name first
 * @param env `NAME=value`, in this order
 * @param keepFds what stays open beside 0, 1 and 2: those of --preserve-fds and LISTEN_FDS
 */
export function prepareExecute(
  file: string,
  args: readonly string[],
  env: readonly string[],
  keepFds: readonly number[] = [],
): PreparedCall {
  refuseOurselves(file)
  keepOpen([0, 1, 2, ...keepFds])
  // Node ignores these two, and what is ignored stays so over execve(2): a
  // program whose reader has gone would not end, as `yes | head` should.
  resetSignal('SIGPIPE')
  resetSignal('SIGXFSZ')
  // And it may block SIGUSR1, which starts its debugger: a program's `trap … USR1` would never be called.
  unblockSignals()
  return { ...prepareExecve(file, args, env), explain: (cause) => explain(file, cause) }
}

/**
 * The same for a child, which will be the program in place of us: midwife.ts has closed what closes.
 * @param terminal path of its own
 */
export function prepareChild(
  file: string,
  args: readonly string[],
  env: readonly string[],
  terminal?: string,
): PreparedChild {
  refuseOurselves(file)
  const child = prepareSpawn(file, args, env, terminal)
  const { go } = child
  child.go = () => {
    try {
      go()
    } catch (cause) {
      throw cause instanceof SyscallError ? explain(file, cause) : cause
    }
  }
  return child
}

/** All descriptors close at execve(2) but these. */
export function keepOpen(fds: readonly number[]): void {
  // Node marks what it opens, and at its start what it inherits, up to the first gap. What
  // we were not meant to inherit stayed out at our birth (spawn.ts); this is the second door.
  try {
    closeFromOnExec(3)
  } catch {
    // Before Linux 5.11 the kernel has no call for that.
    for (const fd of readdirSync('/proc/self/fd').map(Number)) {
      try {
        if (fd > 2) setCloseOnExec(fd, true)
      } catch {
        // EBADF: the one through which the directory was read.
      }
    }
  }
  for (const fd of fds) {
    try {
      setCloseOnExec(fd, false)
    } catch (cause) {
      // Who starts us with standard streams closed gets a program with the same.
      if (fd > 2) throw new EngineError('invalid', `keep descriptor ${fd} open: is it?`, { cause })
    }
  }
}

/** From errno to the words of strerror(3), which runc's users see. */
function explain(file: string, cause: SyscallError): EngineError {
  const words: Record<string, [string, number]> = {
    ENOENT: ['no such file or directory (the file, or the interpreter that it names)', 127],
    EACCES: ['permission denied', 126],
    ENOEXEC: ['exec format error (another architecture, or a script without #!)', 126],
    E2BIG: ['argument list too long', 126],
    EAGAIN: ['the user has more processes than RLIMIT_NPROC', 126],
    ETXTBSY: ['text file busy', 126],
    ENOMEM: ['cannot allocate memory', 126],
  }
  const [why, exitStatus] = words[cause.code] ?? [cause.code, 126]
  const kind = exitStatus === 127 ? 'not-found' : 'invalid'
  return new EngineError(kind, `exec ${file}: ${why}`, { cause, exitStatus })
}

/**
 * Socket activation, sd_listen_fds(3): who starts the runtime with listening
 * sockets from descriptor 3 on means them for the container.
 * @param environment the runtime's own
 * @param pid the runtime's: LISTEN_PID must name it, or the sockets were for somebody else
 * @returns how many, and what the container's environment says of them: there, the receiver is PID 1
 */
export function listenFds(
  environment: Readonly<Record<string, string | undefined>>,
  pid: number,
): { count: number; env: string[] } {
  const count = Number(environment.LISTEN_FDS ?? 0)
  if (!Number.isInteger(count) || count < 1 || Number(environment.LISTEN_PID) !== pid)
    return { count: 0, env: [] }
  const names = environment.LISTEN_FDNAMES
  return {
    count,
    env: [`LISTEN_FDS=${count}`, 'LISTEN_PID=1', ...(names === undefined ? [] : [`LISTEN_FDNAMES=${names}`])],
  }
}
