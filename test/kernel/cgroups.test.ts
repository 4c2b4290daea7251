// Cgroups of this machine's own kernel, whichever version it has. Needs root.
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Resources } from '../../engine/libcontainer/config/resources.ts'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { leftovers } from '../leftovers.mjs'
import { cgroupSuite } from '../suites/cgroup.ts'
import { bundleFixture } from '../suites/cgroup-driver.ts'
import type { Result, Step } from '../suites/cgroup-fixture.ts'

const fixture = join(packageRoot(), 'dist', `cgroup-fixture-${process.pid}.mjs`)
let before: string[]
const hasV1 = existsSync('/sys/fs/cgroup/pids')
const hasRunc = (process.env.PATH ?? '').split(':').some((directory) => existsSync(join(directory, 'runc')))

/** As much as every v1 kernel takes, and runc 1.1 knows. */
const resources = {
  devices: [
    { allow: false, access: 'rwm' },
    { allow: true, type: 'c', major: 1, minor: 11, access: 'r' },
    { allow: true, type: 'b', major: 8, access: 'rwm' },
  ],
  memory: { limit: 67108864, reservation: 33554432, swap: 134217728, swappiness: 10, disableOOMKiller: true },
  cpu: { shares: 512, quota: 50000, period: 80000, cpus: '0', mems: '0' },
  pids: { limit: 20 },
  blockIO: { throttleReadBpsDevice: [{ major: 254, minor: 0, rate: 1048576 }] },
} satisfies Resources
const files = [
  'cpu.shares cpu.cfs_*_us cpu.idle cpu.rt_*_us cpuset.cpus cpuset.mems pids.max devices.list',
  'memory.*limit_in_bytes memory.swappiness memory.oom_control blkio.bfq.weight blkio.throttle.*_device',
]

async function drive(steps: readonly Step[]): Promise<Result[]> {
  const { stdout } = await execa(process.execPath, [fixture], { input: JSON.stringify(steps) })
  return JSON.parse(stdout)
}

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'cgroups (needs root on Linux)',
  () => {
    beforeAll(async () => {
      before = leftovers()
      await mkdir(join(packageRoot(), 'dist'), { recursive: true })
      await writeFile(fixture, await bundleFixture())
    })
    afterAll(async () => {
      await rm(fixture, { force: true })
    })

    cgroupSuite(drive)

    test.runIf(hasV1)(
      'v1 without v2 beside it: a fork bomb is ended by the freezer and signals',
      async () => {
        const results = await drive([
          { do: 'open', id: 'suite-bomb' },
          { do: 'make' },
          { do: 'reopen', v1Only: true },
          { do: 'apply', resources: { pids: { limit: 100 } } },
          { do: 'start', command: '(f() { while :; do f & done; }; f) 2>/dev/null' },
          { do: 'sleep', milliseconds: 300 },
          { do: 'kill' },
          { do: 'pids' },
          { do: 'remove' },
          { do: 'shell', command: 'rmdir /sys/fs/cgroup/*/tocker; ls -d /sys/fs/cgroup/*/tocker/suite-bomb' },
        ])
        expect(results.flatMap(({ error }) => error ?? [])).toEqual([])
        expect(results[7]?.value).toBe(0)
        expect(results[9]?.value).toMatchObject({ stdout: '' })
      },
    )

    test.runIf(hasV1 && hasRunc)('the files hold what runc writes for the same resources', async () => {
      const bundle = await mkdtemp(join(tmpdir(), 'lc-runc-'))
      const runc = (...args: string[]) =>
        execa('runc', ['--root', join(bundle, 'state'), ...args], { cwd: bundle, stdio: 'ignore' })
      const dump = `for d in /sys/fs/cgroup/*/PLACE; do cd $d; for f in ${files.join(' ')}; do [ -f $f ] && echo "$f $(sort $f | tr '\\n' ' ')"; done; done`
      try {
        await mkdir(join(bundle, 'rootfs/bin'), { recursive: true })
        // `create` looks whether the program is there; nobody starts it.
        await writeFile(join(bundle, 'rootfs/bin/sh'), '', { mode: 0o755 })
        await execa('runc', ['spec'], { cwd: bundle })
        const config = JSON.parse(await readFile(join(bundle, 'config.json'), 'utf8'))
        config.process.terminal = false
        config.linux = { ...config.linux, resources, cgroupsPath: '/suite-runc' }
        await writeFile(join(bundle, 'config.json'), JSON.stringify(config))
        await runc('create', 'suite-runc')
        const theirs = await execa('sh', ['-c', `${dump.replace('PLACE', 'suite-runc')}; true`])
        const [, , applied, ours] = await drive([
          { do: 'open', path: '/suite-ours', id: 'suite' },
          { do: 'make' },
          { do: 'apply', resources },
          { do: 'shell', command: dump.replace('PLACE', 'suite-ours') },
        ])
        expect(applied?.error).toBeUndefined()
        expect(theirs.stdout).toMatch(/devices.list b \*:\* m/)
        expect(ours?.value).toMatchObject({ stdout: `${theirs.stdout}\n` })
      } finally {
        await runc('delete', '--force', 'suite-runc').catch(() => {})
        await rm(bundle, { recursive: true, force: true })
      }
    })

    test('nothing of it is left behind', async () => {
      await expect
        .poll(() => leftovers().filter((one) => one.includes('suite-') && !before.includes(one)))
        .toEqual([])
    })
  },
)
