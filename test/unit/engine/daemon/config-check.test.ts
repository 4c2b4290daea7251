// What of a container's configuration would fail at its start, or do nothing: refused at once.
import { describe, expect, test } from 'vitest'
import { configSchema } from '../../../../engine/api/container-config.ts'
import { type HostConfig, hostConfigSchema } from '../../../../engine/api/host-config.ts'
import { checkConfig } from '../../../../engine/daemon/container/config-check.ts'
import { newRecord } from '../../../../engine/daemon/container/record.ts'
import { splitLink, withoutLink } from '../../../../engine/daemon/jobs/container-unlink.ts'

const check = (config: object, hostConfig: object = {}) =>
  checkConfig(
    { config: configSchema.parse(config), hostConfig: hostConfigSchema.parse(hostConfig) },
    'overlay2',
  )

test.each<[object, object, string]>([
  [{ WorkingDir: 'odd' }, {}, "the working directory 'odd' is invalid, it needs to be an absolute path"],
  [{ Env: ['=x'] }, {}, 'invalid environment variable: =x'],
  [{ StopSignal: 'ODD' }, {}, 'invalid signal: ODD'],
  [{ Healthcheck: { StartInterval: 5 } }, {}, 'StartInterval in Healthcheck cannot be less than 1ms'],
  [{ Healthcheck: { Retries: -1 } }, {}, 'Retries in Healthcheck cannot be negative'],
  [{}, { Isolation: 'hyperv' }, `Invalid isolation: "hyperv" - linux only supports 'default'`],
  [{}, { OomScoreAdj: -1001 }, 'Invalid value -1001, range for oom score adj is [-1000, 1000]'],
  [{}, { ExtraHosts: ['odd'] }, 'bad format for add-host: "odd"'],
  [{}, { ExtraHosts: ['a:10.0.0'] }, 'invalid IP address in add-host: "10.0.0"'],
  [{}, { StorageOpt: { size: '1G' } }, '--storage-opt is not supported for overlay2'],
])('%j %j is refused', (config, hostConfig, message) => {
  expect(() => check(config, hostConfig)).toThrow(message)
})

test('and what is right is taken', () => {
  check(
    { WorkingDir: '/', Env: ['A=1', 'B'], StopSignal: 'SIGRTMIN+3', Healthcheck: { Retries: 3 } },
    { ExtraHosts: ['a:10.0.0.1', 'b=::1', 'c:[::1]', 'd:host-gateway'], StorageOpt: {}, Isolation: '' },
  )
})

describe('rm --link', () => {
  const hostConfig: HostConfig = { NetworkMode: 'bridge', Links: ['db:database', 'cache'] }
  const record = newRecord({
    ...{ id: 'f'.repeat(64), name: 'web', created: '', imageId: '', path: 'sh', args: [], config: {} },
    ...{ hostConfig, mountPoints: [], networks: { bridge: { id: 'b', settings: {} } } },
  })

  test('takes one of the links away', () => {
    const { networks, hostConfig: after } = withoutLink(record, 'database')
    expect([networks.bridge?.settings.Links, after.Links]).toEqual([['cache:cache'], null])
    expect(() => withoutLink(record, 'db')).toThrow('container web has no link db')
  })

  test('and never a container', () => {
    expect(splitLink('/web/database')).toEqual({ parent: 'web', alias: 'database' })
    expect(() => splitLink('web')).toThrow('cannot remove the default link name of the container')
  })
})
