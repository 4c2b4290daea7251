// `tocker push`: brings an image to its registry.
import { path } from '../../client/client.ts'
import { formatReference, parseReference, repositoryName, withDefaultTag } from '../../graph/reference.ts'
import { UsageError } from '../flags.ts'
import { followProgress, showProgress } from '../output/progress.ts'
import { platformFlag, platformQuery } from '../platform-flag.ts'
import { authHeader } from '../registry-auth.ts'
import type { Verb } from '../verb.ts'

export const verb: Verb = {
  usage: '[OPTIONS] NAME[:TAG]',
  flags: [
    { name: 'all-tags', short: 'a', help: 'Push all tags of an image to the repository' },
    platformFlag('Push a platform-specific manifest, as linux/arm64'),
    { name: 'quiet', short: 'q', help: 'Suppress verbose output' },
  ],
  arity: [1, 1],
  run: async ({ client, streams }, flags, [name = '']) => {
    const typed = parseReference(name)
    const all = flags.on('all-tags')
    if (all && (typed.tag !== undefined || typed.digest !== undefined))
      throw new UsageError("tag can't be used with --all-tags/-a: give the repository alone", 1)
    const quiet = flags.on('quiet')
    const reference = all ? typed : withDefaultTag(typed)
    if (!quiet && !all && typed.tag === undefined) streams.out('Using default tag: latest\n')
    const answer = await client.call({
      method: 'POST',
      path: path('/images/', repositoryName(typed, 'familiar'), '/push'),
      query: { tag: reference.tag, platform: platformQuery(flags) },
      headers: authHeader(typed.domain),
    })
    using progress = showProgress({ write: streams.out, size: () => streams.terminal() }, quiet)
    await followProgress(answer, progress.tell)
    if (quiet) streams.out(`${formatReference(reference)}\n`)
    return 0
  },
}
