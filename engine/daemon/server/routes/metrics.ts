// GET /metrics: how the daemon is, for Prometheus. No job: to be looked at counts for nothing.
import type { ContainerStatus } from '../../../api/container-inspect.ts'
import type { Daemon } from '../../daemon.ts'
import type { Engine } from '../../engine.ts'
import { type Metric, metricsText } from '../../metrics.ts'
import type { Exchange } from '../exchange.ts'
import type { Route } from '../router.ts'

const statuses: readonly ContainerStatus[] = [
  ...(['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'] as const),
]

export function metricsRoutes(engine: Engine<Daemon>, daemon: Daemon): Route[] {
  return [
    {
      method: 'GET',
      path: '/metrics',
      handle: async (exchange: Exchange) => {
        const text = metricsText([...containers(daemon), ...jobs(engine), await supervisor(daemon), ...own()])
        exchange.bytes(200, 'text/plain; version=0.0.4; charset=utf-8', text)
      },
    },
  ]
}

function containers({ containers: table, events, graph }: Daemon): Metric[] {
  const all = table.all().map(({ state }) => state.status)
  return [
    {
      ...{ name: 'tockerd_containers', help: 'Containers by their state.', type: 'gauge' },
      values: statuses.map((state) => ({
        labels: { state },
        value: all.filter((one) => one === state).length,
      })),
    },
    {
      ...{ name: 'tockerd_images', help: 'Images, named or not.', type: 'gauge' },
      values: [{ value: graph.db.images.all().length }],
    },
    {
      ...{ name: 'tockerd_event_listeners', help: 'Who listens to GET /events.', type: 'gauge' },
      values: [{ value: events.listeners }],
    },
  ]
}

function jobs(engine: Engine<Daemon>): Metric[] {
  const totals = engine.totals()
  const labels = ({ name, outcome }: (typeof totals)[number]) => ({ job: name, outcome })
  return [
    {
      ...{ name: 'tockerd_jobs_total', help: 'Jobs that have ended.', type: 'counter' },
      values: totals.map((one) => ({ labels: labels(one), value: one.count })),
    },
    {
      ...{ name: 'tockerd_job_seconds_total', help: 'How long they took together.', type: 'counter' },
      values: totals.map((one) => ({ labels: labels(one), value: one.seconds })),
    },
    {
      ...{ name: 'tockerd_jobs_running', help: 'Jobs that are under way.', type: 'gauge' },
      values: [{ value: engine.running }],
    },
  ]
}

async function supervisor(daemon: Daemon): Promise<Metric> {
  const isUp = await daemon
    .supervisor()
    .then((client) => client.list())
    .then(
      () => 1,
      () => 0,
    )
  return {
    ...{ name: 'tockerd_supervisor_up', help: 'Whether the supervisor answers.', type: 'gauge' },
    values: [{ value: isUp }],
  }
}

function own(): Metric[] {
  const { rss } = process.memoryUsage()
  return [
    {
      ...{ name: 'process_resident_memory_bytes', help: 'Memory of the daemon.', type: 'gauge' },
      values: [{ value: rss }],
    },
    {
      ...{ name: 'process_start_time_seconds', help: 'When it began, since 1970.', type: 'gauge' },
      values: [{ value: performance.timeOrigin / 1000 }],
    },
  ]
}
