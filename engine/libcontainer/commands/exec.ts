// `exec`: one more process in a container that runs.
//
// It is the container's own process with other arguments, changed by flags; or
// one of its own, told in full by --process. Managers use the latter.
//
// Next: engine/libcontainer/exec.ts
import { readFileSync } from 'node:fs'
import { EngineError } from '../../errors.ts'
import type { Process } from '../config/process.ts'
import { loadState } from '../state.ts'
import type { Flags } from './arguments.ts'
import { statusNow } from './container.ts'
import { checkTerminal, surroundings } from './create.ts'
import type { Verb } from './verb.ts'

export const verb: Verb = {
  summary: 'execute new process inside the container',
  usage: '[options] <container-id> <command> [arguments]  || -p process.json <container-id>',
  flags: [
    {
      name: 'console-socket',
      kind: 'text',
      help: "path to an AF_UNIX socket which will receive the master end of the process's pseudoterminal",
    },
    { name: 'cwd', kind: 'text', help: 'current working directory in the container' },
    { name: 'env', short: 'e', kind: 'list', help: 'set environment variables' },
    { name: 'tty', short: 't', kind: 'switch', help: 'allocate a pseudo-TTY' },
    { name: 'user', short: 'u', kind: 'text', help: 'UID (format: <uid>[:<gid>])' },
    { name: 'additional-gids', short: 'g', kind: 'list', help: 'additional gids' },
    { name: 'process', short: 'p', kind: 'text', help: 'path to the process.json' },
    { name: 'detach', short: 'd', kind: 'switch', help: "detach from the container's process" },
    { name: 'pid-file', kind: 'text', help: 'specify the file to write the process id to' },
    { name: 'process-label', kind: 'text', help: 'set the SELinux label of the process' },
    { name: 'apparmor', kind: 'text', help: 'set the apparmor profile for the process' },
    { name: 'no-new-privs', kind: 'switch', help: 'set the no new privileges value for the process' },
    { name: 'cap', short: 'c', kind: 'list', help: 'add a capability to the bounding set for the process' },
    {
      name: 'preserve-fds',
      kind: 'text',
      help: 'pass N additional file descriptors to the process (stdio + $LISTEN_FDS + N in total)',
    },
    {
      name: 'cgroup',
      kind: 'list',
      help: 'run the process in an (existing) sub-cgroup. Format is [<controller>:]<cgroup>.',
    },
    { name: 'ignore-paused', kind: 'switch', help: 'allow exec in a paused container' },
    { name: 'no-subreaper', kind: 'switch', help: 'disable the use of the subreaper' },
  ],
  arity: [1, Number.POSITIVE_INFINITY],
  passThrough: true,
  // A status of the program itself is 0 to 254 as a rule: 255 says that there was none.
  failure: 255,
  async run(context, flags, [id = '', ...args]) {
    const state = loadState(context.root, id)
    const status = await statusNow(context, state)
    // Its mounts are the host's yet.
    if (status === 'creating')
      throw new EngineError('conflict', 'cannot exec in a container that is still being created')
    if (status === 'stopped') throw new EngineError('conflict', 'cannot exec in a stopped container')
    // A new process of a frozen cgroup is frozen too: exec would hang until `resume`.
    if (status === 'paused' && !flags.on('ignore-paused'))
      throw new EngineError('conflict', 'cannot exec in a paused container (use --ignore-paused to override)')
    const around = surroundings(context, flags)
    const process = await readProcess(flags, args, state.config.process, around.listener.onWarning)
    const detach = flags.on('detach')
    checkTerminal(process.terminal ?? false, detach, around.console)
    return context.engine.execInContainer({
      state,
      process,
      detach,
      ...around,
      cgroups: flags.list('cgroup'),
    })
  },
}

async function readProcess(
  flags: Flags,
  args: readonly string[],
  own: Process | undefined,
  warn: (line: string) => void,
): Promise<Process> {
  const { validateProcess } = await import('../config/validate.ts')
  const file = flags.text('process')
  if (file) return validateProcess(readText(file), warn)
  if (args.length === 0) throw new EngineError('invalid', 'process args cannot be empty')
  // By the same door as a config: what flags say is from outside too.
  return validateProcess(JSON.stringify(changedProcess(own, args, flags)), warn)
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new EngineError('not-found', `read ${path}`, { cause })
  }
}

/** The container's process with other arguments, as runc changes it by its flags. Pure. */
export function changedProcess(own: Process | undefined, args: readonly string[], flags: Flags): Process {
  const base: Process = own ?? { cwd: '/', user: { uid: 0, gid: 0 }, args: [] }
  const { consoleSize: _, ...rest } = base
  const text = (flag: string, property: 'cwd' | 'apparmorProfile' | 'selinuxLabel'): Partial<Process> => {
    const value = flags.text(flag)
    return value ? { [property]: value } : {}
  }
  return {
    ...rest,
    args: [...args],
    ...text('cwd', 'cwd'),
    ...text('apparmor', 'apparmorProfile'),
    ...text('process-label', 'selinuxLabel'),
    env: [...(base.env ?? []), ...flags.list('env')],
    terminal: flags.on('tty'),
    user: changedUser(base.user, flags),
    ...(flags.has('no-new-privs') ? { noNewPrivileges: flags.on('no-new-privs') } : {}),
    ...changedCapabilities(base, flags.list('cap')),
  }
}

function changedUser(own: Process['user'], flags: Flags): Process['user'] {
  const text = flags.text('user') ?? ''
  const [, uid, gid] = /^(\d+)(?::(\d+))?$/.exec(text) ?? []
  if (text !== '' && uid === undefined)
    throw new EngineError('invalid', `user "${text}" is not <uid>[:<gid>]: names are the manager's business`)
  const added = flags.list('additional-gids').flatMap((list) => list.split(','))
  const wrong = added.find((one) => !/^\d+$/.test(one))
  if (wrong !== undefined) throw new EngineError('invalid', `additional gid "${wrong}" is not a number`)
  return {
    ...own,
    ...(uid === undefined ? {} : { uid: Number(uid) }),
    ...(gid === undefined ? {} : { gid: Number(gid) }),
    ...(added.length === 0 ? {} : { additionalGids: [...(own.additionalGids ?? []), ...added.map(Number)] }),
  }
}

/** Never the inheritable set: a set-uid program of the container would inherit from that one (CVE-2022-24769). */
function changedCapabilities({ capabilities = {} }: Process, added: readonly string[]): Partial<Process> {
  if (added.length === 0) return {}
  const sets: (keyof typeof capabilities)[] = ['bounding', 'effective', 'permitted']
  // Ambient ones must be inheritable too: where none is, all that came of it would be a warning.
  if (capabilities.inheritable?.length) sets.push('ambient')
  const more = sets.map((set) => [set, [...new Set([...(capabilities[set] ?? []), ...added])]])
  return { capabilities: { ...capabilities, ...Object.fromEntries(more) } }
}
