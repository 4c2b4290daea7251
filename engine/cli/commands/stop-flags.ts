// Flags of `stop` and `restart`.
import type { Flag, Flags } from '../flags.ts'
import { parseInteger } from '../quantity.ts'

export const stopFlags: readonly Flag[] = [
  { name: 'signal', short: 's', value: 'string', help: 'Signal to send to the container' },
  {
    name: 'timeout',
    short: 't',
    value: 'int',
    help: 'Seconds to wait before killing the container (-1: for ever)',
  },
  { name: 'time', value: 'int', help: 'The same, as it was called before' },
]

/** The query of both requests. @throws UsageError */
export function readStop(flags: Flags): { t: number | undefined; signal: string | undefined } {
  return {
    t: flags.value('timeout', parseInteger) ?? flags.value('time', parseInteger),
    signal: flags.text('signal'),
  }
}
