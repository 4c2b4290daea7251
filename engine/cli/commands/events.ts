// `tocker events`: what happens at the daemon, as it happens.
import type { EventMessage } from '../../api/event.ts'
import { jsonLines } from '../../client/json-lines.ts'
import { collectFilters, filtersQuery, parseFilter } from '../filters.ts'
import { parseMoment } from '../moment.ts'
import { compileTemplate } from '../output/template/evaluate.ts'
import type { Verb } from '../verb.ts'
import { filterFlag, inspectFormatFlag } from './format-flag.ts'

export const verb: Verb = {
  usage: '[OPTIONS]',
  flags: [
    filterFlag,
    { name: 'format', value: 'string', help: inspectFormatFlag.help },
    { name: 'since', value: 'string', help: 'Show all events created since timestamp' },
    { name: 'until', value: 'string', help: 'Stream events until this timestamp' },
  ],
  arity: [0, 0],
  run: async ({ client, streams }, flags) => {
    const format = flags.text('format') ?? ''
    const print = format === '' || format === 'json' ? undefined : compileTemplate(format)
    const answer = await client.call({
      path: '/events',
      query: {
        ...{ since: flags.value('since', parseMoment), until: flags.value('until', parseMoment) },
        ...filtersQuery(collectFilters(flags.values('filter', parseFilter))),
      },
    })
    for await (const { line, event, nano } of jsonLines(answer, readEvent)) {
      if (format === 'json') streams.out(`${line.trim()}\n`)
      else
        streams.out(
          `${print ? print({ ...event, ID: event.Actor.ID, Status: event.Action }) : eventLine(event, nano)}\n`,
        )
    }
    return 0
  },
}

/** Nanoseconds since 1970 have more digits than a number of JavaScript: they stay text. */
function readEvent(line: string): { line: string; event: EventMessage; nano: string } {
  const [, nano = '0'] = /"timeNano":(\d+)/.exec(line) ?? []
  return { line, event: JSON.parse(line), nano }
}

/** `2026-01-02T15:04:05.123456789Z container start 4fe2… (image=busybox, name=web)`. */
function eventLine({ time, Type, Action, Actor }: EventMessage, nano: string): string {
  const attributes = Object.entries(Actor.Attributes ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
  const end = attributes.length === 0 ? '' : ` (${attributes.join(', ')})`
  return `${localTime(time, nano.slice(-9))} ${Type} ${Action} ${Actor.ID}${end}`
}

/** RFC 3339 with nine digits, in the zone of whoever looks. */
function localTime(seconds: number, fraction: string): string {
  const date = new Date(seconds * 1000)
  const two = (value: number): string => String(Math.abs(value)).padStart(2, '0')
  const offset = -date.getTimezoneOffset()
  const zone =
    offset === 0 ? 'Z' : `${offset < 0 ? '-' : '+'}${two(Math.trunc(offset / 60))}:${two(offset % 60)}`
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')
  return `${day}T${clock}.${fraction.padStart(9, '0')}${zone}`
}
