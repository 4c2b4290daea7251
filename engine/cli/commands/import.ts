// `tocker import`: a root filesystem in one archive becomes an image of one layer.
import { readFrom } from '../file-source.ts'
import { splitName } from '../image-name.ts'
import { followProgress, showProgress } from '../output/progress.ts'
import type { Verb } from '../verb.ts'
import { changeFlag } from './change-flag.ts'

export const verb: Verb = {
  usage: '[OPTIONS] file|URL|- [REPOSITORY[:TAG]]',
  flags: [
    changeFlag,
    { name: 'message', short: 'm', value: 'string', help: 'Set commit message for imported image' },
    { name: 'platform', value: 'string', help: 'Set platform of the image, as linux/arm64' },
  ],
  arity: [1, 2],
  run: async ({ client, streams }, flags, [source = '', name]) => {
    const isAddress = /^https?:\/\//.test(source)
    const answer = await client.call({
      method: 'POST',
      path: '/images/create',
      query: {
        fromSrc: isAddress ? source : '-',
        ...(name === undefined ? {} : splitName(name)),
        ...{ changes: flags.list('change'), message: flags.text('message') },
        platform: flags.text('platform')?.toLowerCase(),
      },
      ...(isAddress ? {} : { body: readFrom(source === '-' ? undefined : source, 'import') }),
    })
    using progress = showProgress({ write: streams.out, size: () => streams.terminal() })
    await followProgress(answer, progress.tell)
    return 0
  },
}
