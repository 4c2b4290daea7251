// `tocker stats`: how much containers use, once or until Ctrl-C.
import type { ContainerSummary } from '../../api/container.ts'
import type { ContainerStats } from '../../api/stats.ts'
import { type EngineClient, path } from '../../client/client.ts'
import { jsonLines } from '../../client/json-lines.ts'
import { formatRows } from '../output/rows.ts'
import { statsListing, statsRow } from '../output/stats-list.ts'
import type { Verb } from '../verb.ts'
import { formatFlag, noTruncFlag } from './format-flag.ts'

/** Milliseconds between two pictures. */
const interval = 500

export const verb: Verb = {
  usage: '[OPTIONS] [CONTAINER...]',
  flags: [
    { name: 'all', short: 'a', help: 'Show all containers (default shows just running)' },
    formatFlag,
    { name: 'no-stream', help: 'Disable streaming stats and only pull the first result' },
    noTruncFlag,
  ],
  arity: [0, Number.POSITIVE_INFINITY],
  run: async ({ client, streams }, flags, named) => {
    const format = flags.text('format')
    const containers = named.length > 0 ? named : await running(client, flags.on('all'))
    const known = new Map<string, ContainerStats>()
    const picture = (): string => {
      const rows = containers.map((name) => statsRow(name, known.get(name), flags.on('no-trunc')))
      return formatRows(statsListing, rows, { format })
    }
    if (flags.on('no-stream')) {
      await Promise.all(
        containers.map(async (name) => {
          known.set(name, await client.json<ContainerStats>(request(name, false)))
        }),
      )
      streams.out(picture())
      return 0
    }
    const follow = async (name: string): Promise<void> => {
      for await (const stats of jsonLines<ContainerStats>(await client.call(request(name, true))))
        known.set(name, stats)
      known.delete(name)
    }
    const over = Promise.all(containers.map(follow))
    // Every line over the old one, and what is left below goes: the screen does not flicker.
    const draw = (): void => {
      const lines = picture().replaceAll('\n', '\x1b[K\n')
      streams.out(streams.terminal() === undefined ? picture() : `\x1b[H${lines}\x1b[J`)
    }
    if (streams.terminal() !== undefined) streams.out('\x1b[2J')
    const timer = setInterval(draw, interval)
    try {
      await over
    } finally {
      clearInterval(timer)
    }
    return 0
  },
}

function request(name: string, stream: boolean) {
  return { path: path('/containers/', name, '/stats'), query: { stream: stream ? '1' : '0' } }
}

async function running(client: EngineClient, all: boolean): Promise<string[]> {
  const found = await client.json<ContainerSummary[]>({ path: '/containers/json', query: { all } })
  return found.map(({ Id }) => Id)
}
