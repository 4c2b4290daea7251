// `tocker volume create`: a directory that outlives its containers.
import type { Volume } from '../../api/volume.ts'
import { UsageError } from '../flags.ts'
import { parsePair } from '../quantity.ts'
import type { Verb } from '../verb.ts'

export const verb: Verb = {
  usage: '[OPTIONS] [VOLUME]',
  flags: [
    { name: 'driver', short: 'd', value: 'string', help: 'Specify volume driver name (default local)' },
    { name: 'label', value: 'list', list: true, help: 'Set metadata for a volume' },
    { name: 'name', value: 'string', help: 'Specify volume name' },
    { name: 'opt', short: 'o', value: 'map', list: true, help: 'Set driver specific options' },
  ],
  arity: [0, 1],
  run: async ({ client, streams }, flags, [name]) => {
    const given = flags.text('name')
    if (name !== undefined && given !== undefined)
      throw new UsageError(
        'conflicting options: cannot specify a volume-name through both --name and as a positional arg',
        1,
      )
    const { Name } = await client.json<Volume>({
      method: 'POST',
      path: '/volumes/create',
      body: {
        Name: name ?? given ?? '',
        Driver: flags.text('driver') ?? 'local',
        DriverOpts: Object.fromEntries(flags.list('opt').map(parsePair)),
        Labels: Object.fromEntries(flags.list('label').map(parsePair)),
      },
    })
    streams.out(`${Name}\n`)
    return 0
  },
}
