// `docker logs`: what the log driver has kept, and with follow what comes.
// Next: engine/daemon/logs/read.ts
import { logConfig } from '../container/launch.ts'
import { allow } from '../container/state-machine.ts'
import type { DaemonJob } from '../daemon.ts'
import type { LogRecord } from '../logs/driver.ts'
import { readJournal } from '../logs/journald-read.ts'
import { codecOf } from '../logs/open.ts'
import { type ReadOptions, readLog } from '../logs/read.ts'

export interface ContainerLogs {
  container: string
  follow: boolean
  since?: bigint
  until?: bigint
  /** The last so many; left out, all. */
  tail?: number
}

export interface LogAnswer {
  terminal: boolean
  records: AsyncIterable<LogRecord[]>
}

export const containerLogs: DaemonJob<ContainerLogs, LogAnswer> = {
  name: 'container-logs',
  async run({ graph, containers }, { container, follow, since, until, tail }, job) {
    const record = containers.find(container)
    allow('logs', record.state.status, { id: record.id, typed: container })
    const config = logConfig(graph.root, record)
    // Refused before anything is answered.
    const codec = config.driver === 'journald' ? undefined : codecOf(config)
    const ended = new AbortController()
    if (follow)
      void containers
        .until(
          record.id,
          (one) => one === undefined || (one.state.pid === 0 && one.state.status !== 'restarting'),
          job.signal,
        )
        .then(
          () => ended.abort(),
          () => ended.abort(),
        )
    const options: ReadOptions = {
      ...{ follow, ended: ended.signal, signal: job.signal },
      ...(since === undefined ? {} : { since }),
      ...(until === undefined ? {} : { until }),
      ...(tail === undefined ? {} : { tail }),
    }
    const records =
      codec === undefined ? await readJournal(record.id, options) : readLog(config.path, codec, options)
    return { terminal: record.config.Tty ?? false, records }
  },
}
