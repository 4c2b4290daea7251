// `tocker pull`: brings an image from its registry.
import { formatReference, parseReference, repositoryName, withDefaultTag } from '../../graph/reference.ts'
import { UsageError } from '../flags.ts'
import { pullImage } from '../pull-image.ts'
import type { Verb } from '../verb.ts'

export const verb: Verb = {
  usage: '[OPTIONS] NAME[:TAG|@DIGEST]',
  flags: [
    { name: 'all-tags', short: 'a', help: 'Download all tagged images in the repository' },
    {
      name: 'platform',
      value: 'string',
      help: 'Set platform if the image is for several, as linux/arm64',
    },
    { name: 'quiet', short: 'q', help: 'Suppress verbose output' },
  ],
  arity: [1, 1],
  run: async (context, flags, [name = '']) => {
    const typed = parseReference(name)
    const { streams } = context
    const isNamed = typed.tag !== undefined || typed.digest !== undefined
    const all = flags.on('all-tags')
    if (all && isNamed)
      throw new UsageError("tag can't be used with --all-tags/-a: give the repository alone", 1)
    const quiet = flags.on('quiet')
    const reference = all ? typed : withDefaultTag(typed)
    if (!all && !isNamed && !quiet) streams.out(`Using default tag: ${reference.tag}\n`)
    await pullImage(context, reference, { platform: flags.text('platform'), quiet, to: 'out' })
    streams.out(`${all ? repositoryName(typed) : formatReference(reference)}\n`)
    return 0
  },
}
