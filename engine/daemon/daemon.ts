// What every job works with: the daemon's parts, put together once by assemble.ts. A job
// takes from here what it needs, and knows no driver by its name.
import type { RegistryOptions } from '../distribution/registry.ts'
import type { Graph } from '../graph/graph.ts'
import type { Containers } from './container/containers.ts'
import type { Execs } from './container/execs.ts'
import type { HealthTable } from './container/health-table.ts'
import type { Lifecycle } from './container/lifecycle.ts'
import type { Events } from './events.ts'
import type { JobDefinition } from './job.ts'
import type { Networks } from './network/networks.ts'
import type { Sandboxes } from './network/sandboxes.ts'
import type { SupervisorClient } from './supervisor/client.ts'
import type { VolumeStore } from './volumes/volume-store.ts'

export interface Daemon {
  graph: Graph
  volumes: VolumeStore
  networks: Networks
  sandboxes: Sandboxes
  containers: Containers
  lifecycle: Lifecycle
  execs: Execs
  health: HealthTable
  /** Started anew when it is gone. */
  supervisor: () => Promise<SupervisorClient>
  events: Events
  /** Without credentials: those come with each request, the daemon keeps none. */
  registry: Omit<RegistryOptions, 'credentials'>
  settings: DaemonSettings
}

/** What daemon.json may change while the daemon runs: SIGHUP. */
export interface ChangingSettings {
  /** `key=value`. */
  labels: string[]
  liveRestore: boolean
  /** Seconds. */
  shutdownTimeout: number
  debug: boolean
}

/** What was decided when the daemon started. */
interface DaemonSettings extends ChangingSettings {
  /** Of this daemon, the same after a restart. */
  id: string
  /** Every storage driver that was thought of, and what came of it. */
  driverReasons: { name: string; verdict: string }[]
  /** Where the cgroups of containers are: `/tocker`. */
  cgroupParent: string
}

export type DaemonJob<Args extends object, Result> = JobDefinition<Args, Result, Daemon>
