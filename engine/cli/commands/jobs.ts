// `tocker jobs`: what the daemon is doing and did lately. A job is one verb at work; the
// requests of one `tocker run` are five of them. An extension of ours: Docker has no such list.

import type { JobReport } from '../../api/job.ts'
import type { EngineClient } from '../../client/client.ts'
import { timeAgo } from '../../duration.ts'
import { EngineError } from '../../errors.ts'
import { formatRows, type Listing } from '../output/rows.ts'
import type { Verb } from '../verb.ts'
import { formatFlag } from './format-flag.ts'

const listing: Listing = {
  headers: {
    ID: 'JOB ID',
    Name: 'NAME',
    Args: 'ARGUMENTS',
    Status: 'STATUS',
    Started: 'STARTED',
    Time: 'TOOK',
    Traced: 'TRACED',
    Error: 'ERROR',
  },
  table: String.raw`{{.ID}}\t{{.Name}}\t{{.Args}}\t{{.Status}}\t{{.Started}}\t{{.Time}}`,
  quiet: 'ID',
}

export const verb: Verb = {
  usage: '[OPTIONS]',
  flags: [formatFlag, { name: 'quiet', short: 'q', help: 'Only show IDs' }],
  arity: [0, 0],
  notes: 'Of a job that was traced, as those of `tocker run --explain` are: tocker jobs trace JOB',
  run: async ({ client, streams }, flags) => {
    const rows = (await listJobs(client)).map((job) => ({
      ID: job.Id,
      Name: job.Name,
      Args: shown(job.Args),
      Status: job.Status,
      Started: timeAgo(new Date(job.Started)),
      Time: `${job.Milliseconds.toFixed(1)}ms`,
      Traced: String(job.Traced),
      Error: job.Error ?? '',
    }))
    streams.out(formatRows(listing, rows, { format: flags.text('format'), quiet: flags.on('quiet') }))
    return 0
  },
}

/** @throws EngineError `not-implemented` of a daemon that is Docker's */
export async function listJobs(client: EngineClient): Promise<JobReport[]> {
  try {
    return await client.json<JobReport[]>({ path: '/jobs' })
  } catch (error) {
    if (!(error instanceof EngineError) || error.kind !== 'not-found') throw error
    throw new EngineError('not-implemented', 'this daemon is not tockerd: only that one tells of its jobs')
  }
}

/** Long ids are cut as in all tables. */
function shown(args: JobReport['Args']): string {
  return Object.entries(args)
    .filter(([, value]) => value !== '' && value !== false)
    .map(([name, value]) => `${name}=${String(value).replace(/^([\da-f]{12})[\da-f]{52}$/, '$1')}`)
    .join(' ')
}
