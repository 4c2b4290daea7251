// `tocker image inspect`: the same as `inspect`, of images alone.
import { platformFlag, platformQuery } from '../platform-flag.ts'
import type { Verb } from '../verb.ts'
import { inspectFormatFlag } from './format-flag.ts'
import { inspect } from './inspect.ts'

export const verb: Verb = {
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  flags: [inspectFormatFlag, platformFlag('Inspect a specific platform, as linux/arm64')],
  arity: [1, Number.POSITIVE_INFINITY],
  run: (context, flags, names) => inspect(context, flags, names, 'image', platformQuery(flags)),
}
