// `tocker run --explain`: what the daemon did, told in the seven steps of `docker run`.
//
// Each request carried X-Tocker-Trace, so each of its jobs kept what it made the kernel do,
// in the daemon, in the supervisor and in the container's init; each answer named its jobs.
// Here they are asked for one after the other, and sorted.
//
// Next: engine/cli/output/steps.ts
import type { JobReport } from '../../api/job.ts'
import { type EngineClient, path } from '../../client/client.ts'
import { jsonLines } from '../../client/json-lines.ts'
import { reportLines, type ToldRecord } from '../../trace/report.ts'
import { stepsOf, type TracedJob } from '../output/steps.ts'
import type { Streams } from '../output/streams.ts'

/** @param format `text` or `json` */
export async function explain(client: EngineClient, streams: Streams, format: string): Promise<void> {
  const ids = [...client.jobs]
  client.trace = false
  if (ids.length === 0) {
    streams.err('tocker: this daemon is not tockerd: it does not tell what it does\n')
    return
  }
  const jobs: TracedJob[] = []
  for (const id of ids) jobs.push(await fetchJob(client, id))
  streams.err(format === 'json' ? asJson(jobs) : asText(jobs, streams))
}

async function fetchJob(client: EngineClient, id: string): Promise<TracedJob> {
  const { Name, Milliseconds } = await client.json<JobReport>({ path: path('/jobs/', id) })
  const records: ToldRecord[] = []
  for await (const record of jsonLines<ToldRecord>(await client.call({ path: path('/jobs/', id, '/trace') })))
    records.push(record)
  return { name: Name, milliseconds: Milliseconds, records }
}

function asJson(jobs: readonly TracedJob[]): string {
  return stepsOf(jobs)
    .flatMap(({ records }, index) => records.map((record) => JSON.stringify({ step: index + 1, ...record })))
    .map((line) => `${line}\n`)
    .join('')
}

function asText(jobs: readonly TracedJob[], streams: Streams): string {
  const size = streams.terminal(2)
  const options = {
    colour: size !== undefined && process.env.NO_COLOR === undefined,
    columns: size?.columns ?? 140,
    from: Math.min(...jobs.flatMap(({ records }) => records.map(({ at }) => at))),
  }
  const steps = stepsOf(jobs).map(({ title, otherwise, records }, index) => {
    const body = records.length === 0 ? [`  ${otherwise}`] : reportLines(records, options)
    return `${index + 1}. ${title}\n${body.map((line) => `${line}\n`).join('')}`
  })
  const told = jobs.map(({ name, milliseconds }) => `${name} ${milliseconds.toFixed(1)} ms`).join(', ')
  return `${steps.join('\n')}\nJobs: ${told}\n`
}
