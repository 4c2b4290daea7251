// What a container shall see of the host, as it was asked for: one list in the end.
import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { type HostConfig, hostConfigSchema } from '../../../../engine/api/host-config.ts'
import { planMounts } from '../../../../engine/daemon/container/mount-points.ts'
import { forVersion, withVirtualSize } from '../../../../engine/daemon/server/older-clients.ts'

const plan = async (hostConfig: HostConfig) => {
  const made: object[] = []
  const volume = async (wanted: { name?: string }) => {
    made.push(wanted)
    return { name: wanted.name ?? 'anonymous', directory: '/volumes/x' }
  }
  const nobody = (): never => {
    throw new Error('nobody')
  }
  const { points } = await planMounts({}, hostConfigSchema.parse(hostConfig), volume, nobody)
  return { points, made }
}
type Mount = NonNullable<HostConfig['Mounts']>[number]
const bind = (more: Partial<Mount>): HostConfig => ({
  Mounts: [{ Type: 'bind', Source: tmpdir(), Target: '/x', ...more }],
})

test('bind-recursive=writable and =readonly', async () => {
  const one = async (more: Partial<Mount>) => (await plan(bind(more))).points[0]
  expect(await one({ ReadOnly: true })).not.toHaveProperty('readonlyBelow')
  expect(await one({ ReadOnly: true, BindOptions: { ReadOnlyNonRecursive: true } })).toMatchObject({
    ...{ writable: false, readonlyBelow: 'never' },
  })
  expect(await one({ ReadOnly: true, BindOptions: { ReadOnlyForceRecursive: true } })).toMatchObject({
    ...{ writable: false, readonlyBelow: 'always' },
  })
  await expect(one({ BindOptions: { ReadOnlyForceRecursive: true } })).rejects.toThrow('requires ReadOnly')
  const both = { ReadOnlyForceRecursive: true, ReadOnlyNonRecursive: true }
  await expect(one({ ReadOnly: true, BindOptions: both })).rejects.toThrow('mount options conflict')
})

test('for a client before API 1.44 a read-only mount is read-only alone, and has no start interval', () => {
  const body = {
    Healthcheck: { StartInterval: 5 },
    HostConfig: { Mounts: [{ Type: 'bind', ReadOnly: true }, { Type: 'tmpfs' }] },
  }
  expect(forVersion(body, 43)).toMatchObject({
    Healthcheck: { StartInterval: 0 },
    HostConfig: { Mounts: [{ BindOptions: { ReadOnlyNonRecursive: true } }, { Type: 'tmpfs' }] },
  })
  expect(forVersion(body, 44)).toBe(body)
})

test('--volume-driver is for every volume that -v names, or does not', async () => {
  const { made } = await plan({
    Binds: ['data:/data', '/anonymous', `${tmpdir()}:/bind`],
    VolumeDriver: 'odd',
  })
  expect(made).toEqual([{ name: 'data', driver: 'odd' }, { driver: 'odd' }])
})

test('a client before API 1.44 is told the size of an image under its other name, too', () => {
  expect(withVirtualSize({ Size: 5 }, 43)).toEqual({ Size: 5, VirtualSize: 5 })
  expect(withVirtualSize({ Size: 5 }, 44)).toEqual({ Size: 5 })
})
