// `tocker start`: containers that were made or have ended run; with -a or -i, one of them on
// this terminal.
import type { ContainerInspect } from '../../api/container.ts'
import { path } from '../../client/client.ts'
import { converse, detachKeysOf, followSize, proxySignals } from '../container/converse.ts'
import { kill, resize, start, waitForEnd } from '../container/life.ts'
import { eachNamed } from '../each.ts'
import { type Flags, UsageError } from '../flags.ts'
import type { Context, Verb } from '../verb.ts'
import { detachKeysFlag } from './stream-flags.ts'

export const verb: Verb = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  flags: [
    { name: 'attach', short: 'a', help: 'Attach STDOUT/STDERR and forward signals' },
    detachKeysFlag,
    { name: 'interactive', short: 'i', help: "Attach container's STDIN" },
  ],
  arity: [1, Number.POSITIVE_INFINITY],
  run: (context, flags, names) => {
    const [name = '', ...others] = names
    if (!flags.on('attach') && !flags.on('interactive'))
      return eachNamed(context.streams, names, (one) =>
        start(context.client, one, detachKeysOf(flags) || undefined),
      )
    if (others.length > 0) throw new UsageError('you cannot start and attach multiple containers at once', 1)
    return startAttached(context, flags, name)
  },
}

async function startAttached({ client, streams }: Context, flags: Flags, name: string): Promise<number> {
  const { Id, Config, HostConfig } = await client.json<ContainerInspect>({
    path: path('/containers/', name, '/json'),
  })
  const tty = Config.Tty === true
  const stdin = flags.on('interactive') && Config.OpenStdin === true
  using stack = new DisposableStack()
  if (!tty) stack.use(proxySignals((signal) => kill(client, Id, signal)))
  const detachKeys = detachKeysOf(flags)
  const connection = await client.hijack({
    method: 'POST',
    path: path('/containers/', Id, '/attach'),
    query: { stream: true, stdin, stdout: true, stderr: true, detachKeys: detachKeys || undefined },
  })
  const talk = converse({ connection, terminal: tty, input: stdin, detachKeys, streams })
  talk.catch(() => {})
  const condition = HostConfig.AutoRemove === true ? 'removed' : 'next-exit'
  const { status } = stack.use(await waitForEnd(client, Id, condition))
  try {
    await start(client, Id)
  } catch (error) {
    connection.destroy()
    throw error
  }
  if (tty) stack.use(followSize(streams, (h, w) => resize(client, Id, h, w)))
  return (await talk) === 'detached' ? 0 : await status
}
