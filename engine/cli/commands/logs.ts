// `tocker logs`: what a container has printed, and with -f what it still prints.
import type { ContainerInspect } from '../../api/container.ts'
import { path } from '../../client/client.ts'
import { readOutput } from '../../client/frames.ts'
import { parseMoment } from '../moment.ts'
import type { Verb } from '../verb.ts'

export const verb: Verb = {
  usage: '[OPTIONS] CONTAINER',
  flags: [
    { name: 'details', help: 'Show extra details provided to logs' },
    { name: 'follow', short: 'f', help: 'Follow log output' },
    {
      name: 'since',
      value: 'string',
      help: 'Show logs since timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)',
    },
    {
      name: 'tail',
      short: 'n',
      value: 'string',
      help: 'Number of lines to show from the end of the logs (default all)',
    },
    { name: 'timestamps', short: 't', help: 'Show timestamps' },
    {
      name: 'until',
      value: 'string',
      help: 'Show logs before a timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)',
    },
  ],
  arity: [1, 1],
  run: async ({ client, streams }, flags, [name = '']) => {
    const { Id, Config } = await client.json<ContainerInspect>({ path: path('/containers/', name, '/json') })
    const answer = await client.call({
      path: path('/containers/', Id, '/logs'),
      query: {
        ...{ stdout: true, stderr: true, follow: flags.on('follow'), timestamps: flags.on('timestamps') },
        ...{ since: flags.value('since', parseMoment), until: flags.value('until', parseMoment) },
        ...{ tail: flags.text('tail'), details: flags.on('details') },
      },
    })
    await readOutput(answer, Config.Tty === true, (stream, bytes) =>
      stream === 'stderr' ? streams.err(bytes) : streams.out(bytes),
    )
    return 0
  },
}
