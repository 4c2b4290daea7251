// A verb with several arguments does what it can: one that fails is told of, and the
// others are done. The exit status is 1 then, as with Docker's client.
import type { Streams } from './output/streams.ts'
import { userLine } from './user-line.ts'

/** One after the other, for work whose order counts: an image before its parent. */
export async function each(
  streams: Streams,
  args: readonly string[],
  work: (arg: string) => Promise<void>,
): Promise<number> {
  let status = 0
  for (const arg of args) {
    try {
      await work(arg)
    } catch (error) {
      streams.err(userLine(error))
      status = 1
    }
  }
  return status
}

/** All at once, and told in their order, each with its name: ten containers stop in the time of one. */
export async function eachNamed(
  streams: Streams,
  names: readonly string[],
  work: (name: string) => Promise<unknown>,
): Promise<number> {
  const started = names.map((name) =>
    work(name).then(
      () => undefined,
      (error: unknown) => ({ error }),
    ),
  )
  return each(streams, names, async (name) => {
    const failed = await started[names.indexOf(name)]
    if (failed !== undefined) throw failed.error
    streams.out(`${name}\n`)
  })
}
