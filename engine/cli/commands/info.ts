// `tocker info`: what the engine is and has, and why it keeps layers as it does.
import type { SystemInfo } from '../../api/system.ts'
import { describeInfo } from '../output/info.ts'
import { compileTemplate } from '../output/template/evaluate.ts'
import type { Verb } from '../verb.ts'
import { inspectFormatFlag } from './format-flag.ts'

export const verb: Verb = {
  usage: '[OPTIONS]',
  flags: [inspectFormatFlag],
  arity: [0, 0],
  run: async ({ client, streams }, flags) => {
    const format = flags.text('format') ?? ''
    const print = format === '' || format === 'json' ? undefined : compileTemplate(format)
    const info = await client.json<SystemInfo>({ path: '/info' })
    if (format === 'json') streams.out(`${JSON.stringify(info)}\n`)
    else streams.out(print ? `${print(info)}\n` : describeInfo(info))
    // What Docker's client says on stderr, too: limits that this kernel does not have.
    if (format === '') streams.err((info.Warnings ?? []).map((line) => `${line}\n`).join(''))
    return 0
  },
}
