// `tocker update`: other limits for containers, while they run.
import { path } from '../../client/client.ts'
import { createFlags } from '../container/create-flags.ts'
import { readLimits, readRestart } from '../container/resources.ts'
import { eachNamed } from '../each.ts'
import { UsageError } from '../flags.ts'
import type { Verb } from '../verb.ts'

const names = [
  ...['blkio-weight', 'cpu-period', 'cpu-quota', 'cpu-rt-period', 'cpu-rt-runtime', 'cpu-shares', 'cpus'],
  ...[
    'cpuset-cpus',
    'cpuset-mems',
    'kernel-memory',
    'memory',
    'memory-reservation',
    'memory-swap',
    'pids-limit',
    'restart',
  ],
]

export const verb: Verb = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  flags: createFlags.filter(({ name }) => names.includes(name)),
  arity: [1, Number.POSITIVE_INFINITY],
  run: async ({ client, streams }, flags, containers) => {
    if (flags.names().length === 0)
      throw new UsageError('you must provide one or more flags when using this command', 1)
    const RestartPolicy = flags.value('restart', readRestart)
    const body = { ...readLimits(flags), ...(RestartPolicy ? { RestartPolicy } : {}) }
    const warnings: string[] = []
    const status = await eachNamed(streams, containers, async (name) => {
      const { Warnings } = await client.json<{ Warnings: string[] | null }>({
        method: 'POST',
        path: path('/containers/', name, '/update'),
        body,
      })
      warnings.push(...(Warnings ?? []))
    })
    streams.err(warnings.map((line) => `WARNING: ${line}\n`).join(''))
    return status
  },
}
