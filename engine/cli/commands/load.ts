// `tocker load`: images from an archive of `save`, of Docker's or of an OCI layout.
import { readFrom } from '../file-source.ts'
import { followProgress, showProgress } from '../output/progress.ts'
import { platformFlag, platformQuery } from '../platform-flag.ts'
import type { Verb } from '../verb.ts'

export const verb: Verb = {
  usage: '[OPTIONS]',
  flags: [
    { name: 'input', short: 'i', value: 'file', help: 'Read from tar archive file, instead of STDIN' },
    platformFlag('Load only the given platform variant, as linux/arm64'),
    { name: 'quiet', short: 'q', help: 'Suppress the load output' },
  ],
  arity: [0, 0],
  run: async ({ client, streams }, flags) => {
    // In a pipe Docker says what it has loaded, and not how.
    const quiet = flags.on('quiet') || streams.terminal() === undefined
    const answer = await client.call({
      method: 'POST',
      path: '/images/load',
      query: { quiet: quiet ? '1' : '0', platform: platformQuery(flags) },
      body: readFrom(flags.text('input'), 'load'),
    })
    using progress = showProgress({ write: streams.out, size: () => streams.terminal() })
    await followProgress(answer, progress.tell)
    return 0
  },
}
