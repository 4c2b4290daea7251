// Cgroups of the VM's kernel: version 2, with every controller, and nobody else's.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Sandbox } from '../../sandbox-vm/sandbox.ts'
import { cgroupSuite } from '../suites/cgroup.ts'
import { bundleFixture } from '../suites/cgroup-driver.ts'
import type { Result, Step } from '../suites/cgroup-fixture.ts'
import { openVm } from '../suites/vm.ts'

// Beside tocker.mjs, where koffi is.
const fixture = '/opt/tocker/cgroup-fixture.mjs'
let vm: Sandbox

async function drive(steps: readonly Step[], command = `node ${fixture}`): Promise<Result[]> {
  const { status, stdout, stderr } = await vm.exec(command, {
    stdin: JSON.stringify(steps),
    timeout: 120_000,
  })
  if (status !== 0) throw new Error(`the fixture ended with ${status}: ${stderr}`)
  return JSON.parse(stdout)
}

describe('cgroups in the VM', () => {
  beforeAll(async () => {
    vm = await openVm()
    await vm.put(fixture, Buffer.from(await bundleFixture()))
  })
  afterAll(async () => {
    await vm?.close()
  })

  cgroupSuite(drive)

  test('a file of v2 is written as it stands in `unified`, and wins over the converted one', async () => {
    const results = await drive([
      { do: 'open', id: 'unified' },
      { do: 'make' },
      {
        do: 'apply',
        resources: {
          cpu: { shares: 1024 },
          unified: { 'cpu.weight': '77', 'memory.high': '67108864', 'cgroup.max.descendants': '5' },
        },
      },
      { do: 'read', controller: '', file: 'cpu.weight' },
      { do: 'read', controller: '', file: 'memory.high' },
      { do: 'read', controller: '', file: 'cgroup.max.descendants' },
    ])
    expect(results.slice(2).map(({ value, error }) => error?.message ?? value)).toEqual([
      undefined,
      '77',
      '67108864',
      '5',
    ])
  })

  test('below a cgroup with processes nothing is handed down: no matter, until a limit asks for it', async () => {
    const results = await drive([
      {
        do: 'shell',
        command:
          'mkdir -p /sys/fs/cgroup/full; sleep 30 >/dev/null 2>&1 & echo $! > /sys/fs/cgroup/full/cgroup.procs',
      },
      { do: 'open', path: '/full/box', id: 'box' },
      { do: 'make' },
      { do: 'apply', resources: {} },
      { do: 'run', command: 'cat /proc/self/cgroup' },
      { do: 'update', resources: { memory: { limit: 1e7 } } },
      { do: 'remove' },
      {
        do: 'shell',
        command:
          'cd /sys/fs/cgroup/full; echo 1 > cgroup.kill; for i in $(seq 200); do grep -q "populated 0" cgroup.events && break; sleep 0.1; done; cd ..; rmdir full',
      },
    ])
    expect(results[3]?.error).toBeUndefined()
    expect(results[4]?.value).toMatchObject({ stdout: '0::/full/box\n' })
    expect(results[5]?.error?.message).toMatch(
      /memory.limit: the controller memory is not available in \/sys\/fs\/cgroup\/full\/box: \/sys\/fs\/cgroup\/full has processes of its own/,
    )
    expect(results[7]?.value).toMatchObject({ status: 0 })
  })

  test('below a threaded cgroup there are processes and pids, and no memory', async () => {
    const results = await drive([
      {
        do: 'shell',
        command:
          'cd /sys/fs/cgroup; mkdir -p threads/one; echo threaded > threads/one/cgroup.type; cat threads/cgroup.type',
      },
      { do: 'open', path: '/threads/box', id: 'box' },
      { do: 'make' },
      { do: 'read', controller: '', file: 'cgroup.type' },
      { do: 'apply', resources: { pids: { limit: 20 } } },
      { do: 'run', command: 'cat /proc/self/cgroup' },
      { do: 'update', resources: { memory: { limit: 1e7 } } },
      { do: 'start', command: 'sleep 60' },
      { do: 'pids' },
      { do: 'kill' },
      { do: 'pids' },
      { do: 'remove' },
      { do: 'shell', command: 'cd /sys/fs/cgroup; rmdir threads/one threads' },
    ])
    expect(results[3]?.value).toBe('threaded')
    expect(results[4]?.error).toBeUndefined()
    expect(results[5]?.value).toMatchObject({ stdout: '0::/threads/box\n' })
    expect(results[6]?.error?.message).toMatch(/memory.limit: the controller memory is not available/)
    expect(results[8]?.value).toBeGreaterThan(0)
    expect(results[10]?.value).toBe(0)
    expect(results[11]?.error).toBeUndefined()
  })

  test('a container that made cgroups of its own takes a second process beside its first', async () => {
    const results = await drive([
      { do: 'open', id: 'nested' },
      { do: 'make' },
      { do: 'apply', resources: {} },
      {
        do: 'start',
        command:
          'd=/sys/fs/cgroup/tocker/nested; mkdir $d/init; echo $$ > $d/init/cgroup.procs; echo +pids > $d/cgroup.subtree_control; echo $$ > /tmp/suite-first; sleep 60',
      },
      { do: 'shell', command: 'for i in $(seq 200); do [ -s /tmp/suite-first ] && break; sleep 0.1; done' },
      { do: 'run', command: 'true' },
      { do: 'beside', file: '/tmp/suite-first', command: 'cat /proc/self/cgroup; rm /tmp/suite-first' },
    ])
    expect(results[5]?.error?.message).toMatch(/put process \d+ into the cgroup .*EBUSY/)
    expect(results[6]?.value).toMatchObject({ stdout: '0::/tocker/nested/init\n' })
  })

  describe('rootless', () => {
    const user = (cgroup: string): string =>
      `sh -c 'echo $$ > /sys/fs/cgroup${cgroup}/cgroup.procs && exec setpriv --reuid 1000 --regid 1000 --clear-groups node ${fixture}'`
    const rootless: Step[] = [{ do: 'open', id: 'box', rootless: true }, { do: 'paths' }, { do: 'make' }]

    test('with a delegated cgroup: a neighbour of the own one, with limits', async () => {
      await vm.exec(
        'cd /sys/fs/cgroup; mkdir -p user/shell; echo "+memory +pids +cpu" > user/cgroup.subtree_control; chown 1000 user user/cgroup.procs user/cgroup.subtree_control user/shell user/shell/cgroup.procs',
      )
      const results = await drive(
        [
          ...rootless,
          {
            do: 'apply',
            resources: { memory: { limit: 20 * 1024 ** 2, swap: 20 * 1024 ** 2 }, pids: { limit: 30 } },
          },
          { do: 'run', command: 'tail /dev/zero' },
          { do: 'warnings' },
        ],
        user('/user/shell'),
      )
      expect(results[1]?.value).toEqual({ '': '/sys/fs/cgroup/user/tocker/box' })
      expect(results.map(({ error }) => error)).toEqual(results.map(() => undefined))
      expect(results[4]?.value).toMatchObject({ status: 137 })
      expect(results[5]?.value).toEqual([expect.stringMatching(/device rules do not hold/)])
      expect(
        (await vm.exec('cd /sys/fs/cgroup; find user -mindepth 1 -type d; rmdir user/shell user')).stdout,
      ).toBe('user/shell\n')
    })

    test('without one: no cgroup and a warning, and no limits', async () => {
      await vm.exec('mkdir -p /sys/fs/cgroup/plain')
      const results = await drive(
        [
          ...rootless,
          { do: 'apply', resources: { devices: [] } },
          { do: 'update', resources: { pids: { limit: 3 } } },
          { do: 'warnings' },
        ],
        user('/plain'),
      )
      expect(results[1]?.value).toEqual({})
      expect(results[3]?.error).toBeUndefined()
      expect(results[4]?.error?.message).toMatch(
        /^\$\.linux\.resources\.pids\.limit: there is no cgroup to limit: none was delegated/,
      )
      expect(results[5]?.value).toEqual([expect.stringMatching(/no cgroup of its own/)])
      await vm.exec('rmdir /sys/fs/cgroup/plain')
    })
  })

  test('nothing is left behind', async () => {
    const { stdout } = await vm.exec('find /sys/fs/cgroup -mindepth 1 -type d; ls /tmp /var/tmp')
    expect(stdout).not.toMatch(/tocker|suite|full|threads|user|plain/)
  })
})
