// What only looks: `docker ps`, `inspect`, `top`, `diff`.
import type { ContainerInspect, ContainerSummary } from '../../api/container.ts'
import type { Change } from '../../archive/change.ts'
import { humanDuration } from '../../duration.ts'
import { EngineError } from '../../errors.ts'
import { booleanFilter, type Filters, filterValues, matchesLabels } from '../../graph/image-filters.ts'
import { findImage } from '../../graph/images.ts'
import { command } from '../../syscalls/command.ts'
import { inspectOf, summaryOf } from '../container/describe.ts'
import { containerDirectory, logConfig } from '../container/launch.ts'
import type { ContainerRecord } from '../container/record.ts'
import { allow, asRunning } from '../container/state-machine.ts'
import type { Daemon, DaemonJob } from '../daemon.ts'
import { endpointsInspect, type NetworkFacts } from '../network/describe.ts'

export interface ContainerList {
  all: boolean
  size: boolean
  /** 0: no limit. */
  limit: number
  filters: Filters
}

export const listFilters: readonly string[] = [
  ...[
    'id',
    'name',
    'label',
    'status',
    'exited',
    'ancestor',
    'before',
    'since',
    'volume',
    'network',
    'health',
  ],
  ...['is-task', 'publish', 'expose', 'isolation'],
]

export const containerList: DaemonJob<ContainerList, ContainerSummary[]> = {
  name: 'container-list',
  async run(daemon, { all, size, limit, filters }, { signal }) {
    const isWanted = filterOf(daemon, filters)
    // Docker: a filter by state, or a limit, looks at all of them.
    const every =
      all || limit > 0 || ['status', 'exited'].some((name) => filterValues(filters, name).length > 0)
    const found = daemon.containers
      .all()
      .filter((record) => (every || record.state.pid !== 0) && isWanted(record))
    // What several of them have in common is looked up once: of 500 containers that was most of the time.
    const [networks, endpoints] = [daemon.networks.all(), daemon.sandboxes.byContainer()]
    const images = new Map<string, string | undefined>()
    const summaries = (limit > 0 ? found.slice(0, limit) : found).map((record) => {
      const facts = { networks, endpoints: endpoints.get(record.id) ?? [] }
      const summary = summaryOf(record, humanDuration, daemon.health.of(record), facts)
      const name = record.config.Image ?? ''
      if (!images.has(name)) images.set(name, imageNamed(daemon, name))
      // A name that has gone, or is another image's by now, says nothing.
      return images.get(name) === record.imageId ? summary : { ...summary, Image: record.imageId }
    })
    if (size)
      for (const summary of summaries)
        Object.assign(summary, await sizesOrNothing(daemon, summary.Id, signal))
    return summaries
  },
}

function imageNamed({ graph }: Daemon, name: string): string | undefined {
  try {
    return findImage(graph, name).id
  } catch {
    return undefined
  }
}

interface Sizes {
  SizeRw: number
  SizeRootFs: number
}

/** @throws EngineError `not-found`, or `conflict` while it is being removed */
async function sizesOf(
  { graph, containers, lifecycle }: Daemon,
  id: string,
  signal: AbortSignal,
): Promise<Sizes> {
  const layer = containers.layerOf(id)
  const SizeRw = await lifecycle.parts.readers.read(id, signal, () => graph.driver.diffSize(layer))
  const image = graph.db.images.get(containers.get(id)?.imageId ?? '')
  const layers = image?.top_layer ? graph.db.layers.chain(image.top_layer) : []
  return { SizeRw, SizeRootFs: layers.reduce((sum, { size }) => sum + size, SizeRw) }
}

/** One that is removed meanwhile has no size, and is no reason to tell nothing of the others. */
async function sizesOrNothing(daemon: Daemon, id: string, signal: AbortSignal): Promise<Partial<Sizes>> {
  try {
    return await sizesOf(daemon, id, signal)
  } catch (error) {
    if (error instanceof EngineError && ['not-found', 'conflict'].includes(error.kind)) return {}
    throw error
  }
}

function networkFacts({ networks, sandboxes }: Daemon, { id }: ContainerRecord): NetworkFacts {
  return { networks: networks.all(), endpoints: sandboxes.of(id) }
}

function filterOf(daemon: Daemon, filters: Filters): (record: ContainerRecord) => boolean {
  const { containers, graph, health } = daemon
  const values = (name: string): readonly string[] => filterValues(filters, name)
  const any = (name: string, fits: (value: string) => boolean): boolean =>
    values(name).length === 0 || values(name).some(fits)
  for (const status of values('status'))
    if (!['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'].includes(status))
      throw new EngineError('invalid', `invalid filter 'status=${status}'`)
  for (const text of values('exited'))
    if (!/^-?\d+$/.test(text))
      throw new EngineError('invalid', `invalid filter 'exited=${text}': it is a number`)
  for (const text of values('health'))
    if (!['none', 'starting', 'healthy', 'unhealthy'].includes(text))
      throw new EngineError('invalid', `unrecognised filter value for health: ${text}`)
  const isTask = booleanFilter(filters, 'is-task')
  for (const name of ['expose', 'publish']) for (const text of values(name)) checkPort(name, text)
  const created = (text: string): number => {
    try {
      return Date.parse(containers.find(text).created)
    } catch {
      throw new EngineError('not-found', `no such container ${text}`)
    }
  }
  const [before, since] = [values('before').map(created), values('since').map(created)]
  const ancestors = values('ancestor').flatMap((text) => {
    try {
      return [findImage(graph, text).id]
    } catch {
      return []
    }
  })
  return (record) =>
    any('id', (text) => record.id.startsWith(text)) &&
    any('name', (text) => new RegExp(text).test(`/${record.name}`) || new RegExp(text).test(record.name)) &&
    any('status', (text) => record.state.status === text) &&
    any('exited', (text) => record.state.status === 'exited' && record.state.exitCode === Number(text)) &&
    any('volume', (text) =>
      record.mountPoints.some((one) => one.name === text || one.destination === text || one.source === text),
    ) &&
    any('health', (text) => (health.of(record)?.Status ?? 'none') === text) &&
    any('publish', (text) => published(daemon, record).includes(port(text))) &&
    any('expose', (text) => portsOf(record.config.ExposedPorts).includes(port(text))) &&
    // Those of a swarm, of which there are none.
    isTask !== true &&
    any('network', (text) =>
      Object.entries(endpointsInspect(record, networkFacts(daemon, record))).some(
        ([name, { NetworkID }]) => name === text || NetworkID === text,
      ),
    ) &&
    (values('ancestor').length === 0 || ancestors.includes(record.imageId)) &&
    before.every((time) => Date.parse(record.created) < time) &&
    since.every((time) => Date.parse(record.created) > time) &&
    matchesLabels(filters, record.config.Labels ?? {})
}

/** Docker's words. */
function checkPort(name: string, text: string): void {
  const [number = ''] = text.split('/')
  const wrong = number.split('-').find((one) => !/^\d+$/.test(one))
  if (wrong !== undefined)
    throw new EngineError(
      'invalid',
      `error while looking up for ${name} ${text}: strconv.ParseUint: parsing "${wrong}": invalid syntax`,
    )
}

/** `80` is `80/tcp`. */
function port(text: string): string {
  return text.includes('/') ? text : `${text}/tcp`
}

/** Ports of the host that lead into it. */
function published({ sandboxes }: Daemon, { id }: ContainerRecord): string[] {
  return sandboxes
    .of(id)
    .flatMap((one) => one.published)
    .map(({ hostPort, protocol }) => `${hostPort}/${protocol}`)
}

function portsOf(ports: object | null | undefined): string[] {
  return Object.keys(ports ?? {})
}

export const containerInspect: DaemonJob<{ container: string; size: boolean }, ContainerInspect> = {
  name: 'container-inspect',
  async run(daemon, { container, size }, { signal }) {
    const { graph, containers, execs } = daemon
    const record = containers.find(container)
    const sizes = size ? await sizesOf(daemon, record.id, signal) : undefined
    const log = logConfig(graph.root, record)
    return inspectOf(record, {
      directory: containerDirectory(graph.root, record.id),
      logPath: log.driver === 'json-file' ? log.path : '',
      driver: { Name: graph.driver.name, Data: await graph.driver.metadata(containers.layerOf(record.id)) },
      execs: execs.of(record.id),
      health: daemon.health.of(record),
      network: networkFacts(daemon, record),
      ...(sizes === undefined ? {} : { size: { rw: sizes.SizeRw, rootFs: sizes.SizeRootFs } }),
    })
  },
}

export interface Top {
  Titles: string[]
  Processes: string[][]
}

/** By ps(1) of the host, as Docker does: it knows the columns that people ask for. */
export const containerTop: DaemonJob<{ container: string; psArgs: string }, Top> = {
  name: 'container-top',
  async run({ containers, lifecycle, supervisor }, { container, psArgs }) {
    const record = containers.find(container)
    const { id, state } = record
    allow('top', state.status, { id, typed: container })
    const pids = new Set((await asRunning(id, (await supervisor()).pids(id))).map(String))
    const words = psArgs === '' ? ['-ef'] : psArgs.split(/\s+/).filter(Boolean)
    const [head = '', ...lines] = ps(words, [...pids]).split('\n')
    const Titles = head.trim().split(/\s+/)
    const column = Titles.indexOf('PID')
    if (column < 0) throw new EngineError('invalid', "Couldn't find PID field in ps output")
    const rows = lines.map((line) => {
      const fields = line.trim().split(/\s+/)
      // The last column, the command, has spaces of its own.
      return [...fields.slice(0, Titles.length - 1), fields.slice(Titles.length - 1).join(' ')]
    })
    lifecycle.tell(record, 'top')
    return { Titles, Processes: rows.filter((fields) => pids.has(fields[column] ?? '')) }
  },
}

/** With the processes named, as Docker does it: without -e or -x ps would show those of our terminal. */
function ps(words: readonly string[], pids: readonly string[]): string {
  try {
    return command('ps', ...words, `-q${pids.join(',')}`)
  } catch {
    // Some options, as f, cannot be together with -q.
    return command('ps', ...words)
  }
}

export const containerChanges: DaemonJob<{ container: string }, Change[]> = {
  name: 'container-changes',
  run({ graph, containers, lifecycle }, { container }, { signal }) {
    const { id } = containers.find(container)
    const layer = containers.layerOf(id)
    return lifecycle.parts.readers.read(id, signal, () => graph.driver.changes(layer))
  },
}
