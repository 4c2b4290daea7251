// `tocker tag`: one more name for an image.
import { path } from '../../client/client.ts'
import { splitName } from '../image-name.ts'
import type { Verb } from '../verb.ts'

export const verb: Verb = {
  usage: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
  flags: [],
  arity: [2, 2],
  run: async ({ client }, _flags, [source = '', target = '']) => {
    await client.done({ method: 'POST', path: path('/images/', source, '/tag'), query: splitName(target) })
    return 0
  },
}
