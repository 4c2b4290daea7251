// A pull as people see it: a line for each layer. The daemon pulls; who goes away stops it.
import {
  formatReference,
  parseReference,
  type Reference,
  repositoryName,
  withDefaultTag,
} from '../graph/reference.ts'
import { followProgress, showProgress } from './output/progress.ts'
import { authHeader } from './registry-auth.ts'
import type { Context } from './verb.ts'

interface PullOptions {
  platform: string | undefined
  quiet: boolean
  /** Of `run`, standard output is the container's. */
  to: 'out' | 'err'
}

/** @param reference with a tag or a digest; without either, every tag of the repository */
export async function pullImage(
  { client, streams }: Context,
  reference: Reference,
  { platform, quiet, to }: PullOptions,
): Promise<void> {
  const answer = await client.call({
    method: 'POST',
    path: '/images/create',
    query: {
      fromImage: repositoryName(reference, 'familiar'),
      tag: reference.digest ?? reference.tag,
      platform: platform?.toLowerCase(),
    },
    headers: authHeader(reference.domain),
  })
  const fd = to === 'out' ? 1 : 2
  using progress = showProgress({ write: streams[to], size: () => streams.terminal(fd) }, quiet)
  await followProgress(answer, progress.tell)
}

/** The image that `run` or `create` wants. @param missing it was looked for, and is not there */
export async function pullFor(
  context: Context,
  image: string,
  { platform, quiet, missing }: { platform: string | undefined; quiet: boolean; missing: boolean },
): Promise<void> {
  const reference = withDefaultTag(parseReference(image))
  if (missing && !quiet)
    context.streams.err(`Unable to find image '${formatReference(reference, 'familiar')}' locally\n`)
  await pullImage(context, reference, { platform, quiet, to: 'err' })
}
