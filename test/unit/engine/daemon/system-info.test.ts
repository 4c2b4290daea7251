// What `docker info` says of the machine and of the daemon's settings.
import { afterEach, expect, test, vi } from 'vitest'
import { systemInfo, warningsOf } from '../../../../engine/daemon/system-info.ts'

afterEach(() => vi.unstubAllEnvs())

const own: Parameters<typeof systemInfo>[0] = {
  ...{ ID: 'x', Containers: 0, ContainersRunning: 0, ContainersPaused: 0, ContainersStopped: 0, Images: 0 },
  ...{ Driver: 'vfs', DriverStatus: [], DockerRootDir: '/', Runtimes: {}, DefaultRuntime: 'tocker' },
  ...{ LoggingDriver: 'none', DriverReasons: [], NEventsListener: 0, Labels: [], LiveRestoreEnabled: false },
  ...{ Debug: false, DefaultAddressPools: [], mirrors: ['https://m.example/'], mapsUsers: false },
  ...{ insecureRegistries: ['r.example:5000', '10.0.0.0/8'], seccomp: 'custom', noNewPrivileges: true },
}

test('settings are told', () => {
  vi.stubEnv('HTTPS_PROXY', 'http://me:secret@proxy.example:3128')
  expect(systemInfo(own)).toMatchObject({
    Plugins: { Network: ['bridge', 'host', 'null'] },
    RegistryConfig: {
      InsecureRegistryCIDRs: ['::1/128', '127.0.0.0/8', '10.0.0.0/8'],
      IndexConfigs: {
        'docker.io': { Official: true, Secure: true, Mirrors: ['https://m.example/'] },
        'r.example:5000': { Official: false, Secure: false },
      },
    },
    SecurityOptions: expect.arrayContaining(['name=seccomp,profile=custom', 'name=no-new-privileges']),
    HttpsProxy: 'http://xxxxx:xxxxx@proxy.example:3128',
  })
})

test('what cannot be limited here is a warning', () => {
  const info = {
    ...systemInfo(own),
    ...{
      MemoryLimit: true,
      SwapLimit: false,
      OomKillDisable: false,
      CgroupVersion: '2',
      IPv4Forwarding: false,
    },
    ...{ CpuCfsQuota: true, CpuCfsPeriod: true, CPUShares: true, CPUSet: true, PidsLimit: true },
  }
  expect(warningsOf(info)).toEqual(['WARNING: No swap limit support', 'WARNING: IPv4 forwarding is disabled'])
})
