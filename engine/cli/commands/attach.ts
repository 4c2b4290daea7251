// `tocker attach`: our terminal becomes that of a container that runs already.
import type { ContainerInspect } from '../../api/container.ts'
import { path } from '../../client/client.ts'
import { converse, detachKeysOf, followSize, proxySignals } from '../container/converse.ts'
import { kill, resize, waitForEnd } from '../container/life.ts'
import { UsageError } from '../flags.ts'
import type { Verb } from '../verb.ts'
import { detachKeysFlag, sigProxyFlag } from './stream-flags.ts'

export const verb: Verb = {
  usage: '[OPTIONS] CONTAINER',
  flags: [detachKeysFlag, { name: 'no-stdin', help: 'Do not attach STDIN' }, sigProxyFlag],
  arity: [1, 1],
  run: async ({ client, streams }, flags, [name = '']) => {
    const { Id, State, Config } = await client.json<ContainerInspect>({
      path: path('/containers/', name, '/json'),
    })
    if (!State.Running) throw new UsageError('cannot attach to a stopped container, start it first', 1)
    if (State.Paused) throw new UsageError('cannot attach to a paused container, unpause it first', 1)
    if (State.Restarting)
      throw new UsageError('cannot attach to a restarting container, wait until it is running', 1)
    const tty = Config.Tty === true
    const stdin = Config.OpenStdin === true && !flags.on('no-stdin')
    if (tty && stdin && process.stdin.isTTY !== true) throw new UsageError('the input device is not a TTY', 1)
    using stack = new DisposableStack()
    if (flags.on('sig-proxy') && !tty) stack.use(proxySignals((signal) => kill(client, Id, signal)))
    const detachKeys = detachKeysOf(flags)
    const { status } = stack.use(await waitForEnd(client, Id, 'not-running'))
    const connection = await client.hijack({
      method: 'POST',
      path: path('/containers/', Id, '/attach'),
      query: { stream: true, stdin, stdout: true, stderr: true, detachKeys: detachKeys || undefined },
    })
    if (tty) stack.use(followSize(streams, (h, w) => resize(client, Id, h, w)))
    const how = await converse({ connection, terminal: tty, input: stdin, detachKeys, streams })
    return how === 'detached' ? leave(streams) : await status
  },
}

/** Docker's words, and its status for them. */
export function leave(streams: { err(text: string): void }): number {
  streams.err('read escape sequence\n')
  return 1
}
