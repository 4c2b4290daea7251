// `tocker container inspect`: the same as `inspect`, of containers alone.
import type { Verb } from '../verb.ts'
import { inspectFormatFlag } from './format-flag.ts'
import { inspect } from './inspect.ts'

export const verb: Verb = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  flags: [inspectFormatFlag, { name: 'size', short: 's', help: 'Display total file sizes' }],
  arity: [1, Number.POSITIVE_INFINITY],
  run: (context, flags, names) => inspect(context, flags, names, 'container'),
}
