// `tocker run IMAGE`, as the daemon's client: a handful of requests, in an order that loses
// nothing.
//
//   create          a 404 for the image: pull it, and once more
//   attach          before it runs, so that its first word is not missed
//   wait            likewise: one that ends at once has ended for us, too
//   start
//   (talk)          converse.ts, until its output ends
//   its end         is our exit status; with --rm the daemon removes it, and then we know
//
// Next: engine/cli/container/create-body.ts
import { path } from '../../client/client.ts'
import { type Flags, UsageError } from '../flags.ts'
import type { Context } from '../verb.ts'
import { converse, detachKeysOf, followSize, proxySignals } from './converse.ts'
import { makeContainer } from './create.ts'
import { attachedStreams } from './create-body.ts'
import { kill, resize, start, waitForEnd } from './life.ts'

/** @returns the container's exit status; 0 when it was left running */
export async function runImage(
  context: Context,
  flags: Flags,
  image: string,
  args: readonly string[],
): Promise<number> {
  const { client, streams } = context
  const detached = flags.on('detach')
  if (detached && flags.has('attach'))
    throw new UsageError('conflicting options: cannot specify both --attach and --detach')
  const [tty, attach] = [flags.on('tty'), attachedStreams(flags, detached)]
  if (tty && attach.stdin && process.stdin.isTTY !== true)
    throw new UsageError('the input device is not a TTY', 1)
  const size = streams.terminal()
  const id = await makeContainer(context, flags, {
    ...{ image, args, detached },
    ...(tty && size ? { size: [size.rows, size.columns] as const } : {}),
  })
  if (detached) {
    await start(client, id)
    streams.out(`${id}\n`)
    return 0
  }
  return runAttached(context, flags, id, { ...attach, tty })
}

async function runAttached(
  { client, streams }: Context,
  flags: Flags,
  id: string,
  { tty, stdin, stdout, stderr }: { tty: boolean; stdin: boolean; stdout: boolean; stderr: boolean },
): Promise<number> {
  using stack = new DisposableStack()
  if (flags.on('sig-proxy')) stack.use(proxySignals((signal) => kill(client, id, signal)))
  const detachKeys = detachKeysOf(flags)
  const connection = await client.hijack({
    method: 'POST',
    path: path('/containers/', id, '/attach'),
    query: { stream: true, stdin, stdout, stderr, detachKeys: detachKeys || undefined },
  })
  const talk = converse({ connection, terminal: tty, input: stdin, detachKeys, streams })
  // Both are looked at below; until then a failure of theirs is nobody's.
  talk.catch(() => {})
  const { status } = stack.use(await waitForEnd(client, id, flags.on('rm') ? 'removed' : 'next-exit'))
  try {
    await start(client, id)
  } catch (error) {
    connection.destroy()
    // The daemon removes it, and `tocker ps -a` is to show nothing of it afterwards.
    if (flags.on('rm')) await status.catch(() => {})
    throw error
  }
  if (tty) stack.use(followSize(streams, (h, w) => resize(client, id, h, w)))
  if ((await talk) === 'detached') return 0
  return await status
}
