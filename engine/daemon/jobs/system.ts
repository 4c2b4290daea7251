// What the daemon says of itself: `docker info`, `version`, `events`, `login`.
import type { SystemInfo } from '../../api/system.ts'
import type { Credentials } from '../../distribution/credentials.ts'
import { checkLogin } from '../../distribution/login.ts'
import { formatSubnet } from '../../drivers/network/address.ts'
import type { DaemonJob } from '../daemon.ts'
import { systemInfo } from '../system-info.ts'

export const systemInfoJob: DaemonJob<object, SystemInfo> = {
  name: 'system-info',
  async run({ graph, events, registry, settings, containers, lifecycle, networks }) {
    const { seccompProfile, noNewPrivileges = false } = lifecycle.parts.defaults.spec
    const all = containers.all().map(({ state }) => state.status)
    const count = (...some: string[]): number => all.filter((status) => some.includes(status)).length
    return systemInfo({
      ID: settings.id,
      Containers: all.length,
      ContainersRunning: count('running', 'restarting'),
      ContainersPaused: count('paused'),
      ContainersStopped: count('created', 'exited', 'dead', 'removing'),
      Images: graph.db.images.all().length,
      Driver: graph.driver.name,
      DriverStatus: (await graph.driver.status()).map(([name, value]) => [name, value]),
      DriverReasons: settings.driverReasons,
      DockerRootDir: graph.root,
      Runtimes: {
        tocker: { path: 'tocker-runtime' },
        ...Object.fromEntries(
          Object.entries(lifecycle.parts.runtimes).map(([name, path]) => [name, { path }]),
        ),
      },
      DefaultRuntime: lifecycle.parts.defaults.runtime,
      LoggingDriver: lifecycle.parts.defaults.logDriver,
      Labels: settings.labels,
      LiveRestoreEnabled: settings.liveRestore,
      Debug: settings.debug,
      NEventsListener: events.listeners,
      DefaultAddressPools: networks.settings.pools.map(({ base, size }) => ({
        ...{ Base: formatSubnet(base), Size: size },
      })),
      seccomp:
        seccompProfile === undefined || seccompProfile === 'unconfined'
          ? (seccompProfile ?? 'builtin')
          : 'custom',
      noNewPrivileges,
      mirrors: registry.mirrors ?? [],
      mapsUsers: graph.driver.owners !== undefined,
      insecureRegistries: registry.insecureRegistries ?? [],
    })
  },
}

export interface Login {
  server: string
  credentials: Credentials
}

/** @returns the identity token that the registry gave, or an empty one */
export const login: DaemonJob<Login, string> = {
  name: 'login',
  run: async ({ registry }, { server, credentials }, job) =>
    (await checkLogin(server, credentials, registry, job.signal)).identityToken ?? '',
}
