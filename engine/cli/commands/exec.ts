// `tocker exec`: one more process in a container that runs.
//
//   POST /containers/web/exec       what is to run; its id
//   POST /exec/{id}/start           it runs; the connection is its terminal
//   GET  /exec/{id}/json            how it ended: our exit status
//
// Next: engine/cli/container/converse.ts
import { path } from '../../client/client.ts'
import { converse, detachKeysOf, followSize } from '../container/converse.ts'
import { readEnvFile } from '../container/env-file.ts'
import { UsageError } from '../flags.ts'
import type { Verb } from '../verb.ts'
import { leave } from './attach.ts'
import { detachKeysFlag } from './stream-flags.ts'

export const verb: Verb = {
  usage: '[OPTIONS] CONTAINER COMMAND [ARG...]',
  flags: [
    { name: 'detach', short: 'd', help: 'Detached mode: run command in the background' },
    detachKeysFlag,
    { name: 'env', short: 'e', value: 'list', list: true, help: 'Set environment variables' },
    { name: 'env-file', value: 'list', list: true, help: 'Read in a file of environment variables' },
    { name: 'interactive', short: 'i', help: 'Keep STDIN open even if not attached' },
    { name: 'privileged', help: 'Give extended privileges to the command' },
    { name: 'tty', short: 't', help: 'Allocate a pseudo-TTY' },
    {
      name: 'user',
      short: 'u',
      value: 'string',
      help: 'Username or UID (format: "<name|uid>[:<group|gid>]")',
    },
    { name: 'workdir', short: 'w', value: 'string', help: 'Working directory inside the container' },
  ],
  arity: [2, Number.POSITIVE_INFINITY],
  passThrough: true,
  run: async ({ client, streams }, flags, [name = '', ...Cmd]) => {
    const [detach, Tty] = [flags.on('detach'), flags.on('tty')]
    const stdin = flags.on('interactive') && !detach
    if (Tty && stdin && process.stdin.isTTY !== true) throw new UsageError('the input device is not a TTY', 1)
    const size = Tty ? streams.terminal() : undefined
    const ConsoleSize = size && [size.rows, size.columns]
    const detachKeys = detachKeysOf(flags)
    const { Id } = await client.json<{ Id: string }>({
      method: 'POST',
      path: path('/containers/', name, '/exec'),
      body: {
        ...{ Cmd, Tty, ConsoleSize, DetachKeys: detachKeys || undefined },
        ...{ AttachStdin: stdin, AttachStdout: !detach, AttachStderr: !detach },
        Privileged: flags.on('privileged'),
        User: flags.text('user'),
        WorkingDir: flags.text('workdir'),
        Env: [...flags.list('env-file').flatMap((file) => readEnvFile(file)), ...flags.list('env')],
      },
    })
    const begin = { method: 'POST' as const, path: path('/exec/', Id, '/start') }
    if (detach) {
      await client.done({ ...begin, body: { Detach: true, Tty, ConsoleSize } })
      return 0
    }
    const connection = await client.hijack({ ...begin, body: { Detach: false, Tty, ConsoleSize } })
    using _ = Tty
      ? followSize(streams, (h, w) =>
          client.done({ method: 'POST', path: path('/exec/', Id, '/resize'), query: { h, w } }),
        )
      : undefined
    if ((await converse({ connection, terminal: Tty, input: stdin, detachKeys, streams })) === 'detached')
      return leave(streams)
    const { ExitCode } = await client.json<{ ExitCode: number | null }>({ path: path('/exec/', Id, '/json') })
    return ExitCode ?? 0
  },
}
