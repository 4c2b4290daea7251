// `create`: everything but the user's program. The container waits for `start`.
//
// What `create` and `run` have in common is here too: a bundle in, a validated
// config and the flags of managers out.
//
// Next: engine/libcontainer/create.ts
import { resolve } from 'node:path'
import { EngineError } from '../../errors.ts'
import { checkId } from '../state.ts'
import type { Flag, Flags } from './arguments.ts'
import type { Context, CreateOptions, Surroundings, Verb } from './verb.ts'

export const createFlags: readonly Flag[] = [
  {
    name: 'bundle',
    short: 'b',
    kind: 'text',
    help: 'path to the root of the bundle directory, defaults to the current directory',
  },
  {
    name: 'console-socket',
    kind: 'text',
    help: "path to an AF_UNIX socket which will receive the master end of the container's pseudoterminal",
  },
  { name: 'pid-file', kind: 'text', help: 'specify the file to write the process id to' },
  {
    name: 'no-pivot',
    kind: 'switch',
    help: 'chroot(2) in place of pivot_root(2), for a root filesystem on top of a ramdisk',
  },
  {
    name: 'no-new-keyring',
    kind: 'switch',
    help: 'do not create a new session keyring: the container inherits the caller’s',
  },
  {
    name: 'preserve-fds',
    kind: 'text',
    help: 'pass N additional file descriptors to the container (stdio + $LISTEN_FDS + N in total)',
  },
]

export const verb: Verb = {
  summary: 'create a container',
  usage: '[options] <container-id>',
  flags: createFlags,
  arity: [1, 1],
  async run(context, flags, [id = '']) {
    const options = await createOptions(context, flags, id)
    checkTerminal(options.config.process?.terminal ?? false, true, options.console)
    await context.engine.createContainer(options)
    return 0
  },
}

/** @throws EngineError for an id or a config that is wrong: nothing has been touched yet */
export async function createOptions(context: Context, flags: Flags, id: string): Promise<CreateOptions> {
  checkId(id)
  const { loadConfig } = await import('../config/validate.ts')
  const bundle = resolve(flags.text('bundle') || '.')
  const around = surroundings(context, flags)
  const config = loadConfig(bundle, around.listener.onWarning)
  const { NOTIFY_SOCKET: notify } = process.env
  const notified = notify
    ? { notify, config: (await import('../notify-socket.ts')).withNotifySocket(config, context.root, id) }
    : { config }
  return {
    root: context.root,
    id,
    bundle,
    ...notified,
    ...around,
    noPivot: flags.on('no-pivot'),
    noNewKeyring: flags.on('no-new-keyring'),
    systemdCgroup: context.systemdCgroup,
    rootless: context.rootless,
  }
}

/** An empty path is none: managers write `--console-socket ""`. */
export function surroundings(context: Context, flags: Flags): Surroundings {
  const pidFile = flags.text('pid-file')
  const socket = flags.text('console-socket')
  const preserveFds = flags.integer('preserve-fds') ?? 0
  if (preserveFds < 0)
    throw new EngineError('invalid', `invalid value "${preserveFds}" for flag -preserve-fds: it is negative`)
  return {
    ...(pidFile ? { pidFile: resolve(pidFile) } : {}),
    ...(socket ? { console: resolve(socket) } : {}),
    preserveFds,
    listener: { onWarning: (line) => context.log('warning', line) },
  }
}

/** A terminal needs somebody at its other end: us while we stay, or the owner of the socket. */
export function checkTerminal(terminal: boolean, detach: boolean, consoleSocket: string | undefined): void {
  if (detach && terminal && !consoleSocket)
    throw new EngineError(
      'invalid',
      'cannot allocate tty if tocker-runtime will detach without setting console socket',
    )
  if ((!detach || !terminal) && consoleSocket)
    throw new EngineError(
      'invalid',
      'cannot use console socket if tocker-runtime will not detach or allocate tty',
    )
}
