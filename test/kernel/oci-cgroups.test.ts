// config-linux.md of the OCI runtime specification 1.2, "Control groups": by the files of
// the kernel, whichever version it mounts, and by what the process can no longer do.
// Needs root.
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Container, Runtime } from '../suites/bundle.ts'
import { baseMounts, baseNamespaces } from '../suites/bundle-config.ts'
import { must, mustEach } from '../suites/must.ts'
import { cgroupRoots, processes, sweep } from '../suites/traces.ts'

let runtime: Runtime
const v2 = existsSync('/sys/fs/cgroup/cgroup.controllers')

/** A file of the container's cgroup; undefined where the kernel has no such thing. */
function limit({ id }: Container, v1File: string, v2File: string): string | undefined {
  const path = v2
    ? join('/sys/fs/cgroup', id, v2File)
    : cgroupRoots()
        .map((root) => join(root, id, v1File))
        .find((one) => existsSync(one))
  return path === undefined || !existsSync(path) ? undefined : readFileSync(path, 'utf8').trim()
}

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'control groups (needs root)',
  () => {
    beforeAll(async () => {
      runtime = await Runtime.open()
    })
    afterEach(() => runtime.clean())
    afterAll(() => runtime.close())

    const launch = async (resources: object) => {
      const container = await runtime.container({ linux: { resources } })
      await container.launch()
      return container
    }

    must('an absolute cgroupsPath begins at the mount point, and is the same place every time', async () => {
      const container = await runtime.container()
      for (const _ of ['once', 'again']) {
        const { pid } = await container.launch()
        for (const root of cgroupRoots().filter((one) => existsSync(join(one, container.id))))
          expect(readFileSync(join(root, container.id, 'cgroup.procs'), 'utf8')).toBe(`${pid}\n`)
        await container.delete('--force')
      }
    })

    mustEach(
      'without a cgroupsPath, or with %s, there is a cgroup, and delete removes it',
      [
        ['none', undefined],
        ['a relative one', 'lc-relative'],
      ] as const,
      async (_name, cgroupsPath) => {
        const container = await runtime.container({ linux: { cgroupsPath } })
        const { pid } = await container.launch()
        const own = readFileSync('/proc/self/cgroup', 'utf8')
        const its = readFileSync(`/proc/${pid}/cgroup`, 'utf8')
        expect(its).not.toBe(own)
        await container.delete('--force')
        for (const line of its
          .trim()
          .split('\n')
          .filter((one) => !own.includes(one))) {
          const path = line.split(':')[2] ?? ''
          expect(cgroupRoots().some((root) => existsSync(join(root, path)))).toBe(false)
        }
      },
    )

    mustEach(
      'the limit %s reaches the kernel',
      [
        [
          'memory.limit',
          { memory: { limit: 67_108_864 } },
          'memory.limit_in_bytes',
          'memory.max',
          /^67108864$/,
        ],
        [
          'memory.reservation',
          { memory: { limit: 67_108_864, reservation: 33_554_432 } },
          'memory.soft_limit_in_bytes',
          'memory.low',
          /^33554432$/,
        ],
        ['memory.swappiness', { memory: { swappiness: 7 } }, 'memory.swappiness', 'none', /^7$/],
        [
          'memory.disableOOMKiller',
          { memory: { limit: 67_108_864, disableOOMKiller: true } },
          'memory.oom_control',
          'none',
          /oom_kill_disable 1/,
        ],
        ['cpu.shares', { cpu: { shares: 512 } }, 'cpu.shares', 'cpu.weight', v2 ? /^20$/ : /^512$/],
        [
          'cpu.quota and cpu.period',
          { cpu: { quota: 50_000, period: 100_000 } },
          'cpu.cfs_quota_us',
          'cpu.max',
          v2 ? /^50000 100000$/ : /^50000$/,
        ],
        ['cpu.cpus', { cpu: { cpus: '0' } }, 'cpuset.cpus', 'cpuset.cpus', /^0$/],
        ['cpu.mems', { cpu: { mems: '0' } }, 'cpuset.mems', 'cpuset.mems', /^0$/],
        ['cpu.idle', { cpu: { idle: 1 } }, 'cpu.idle', 'cpu.idle', /^1$/],
        [
          'cpu.burst',
          { cpu: { quota: 50_000, period: 100_000, burst: 20_000 } },
          'cpu.cfs_burst_us',
          'cpu.max.burst',
          /^20000$/,
        ],
        ['pids.limit', { pids: { limit: 32 } }, 'pids.max', 'pids.max', /^32$/],
      ] as const,
      async (name, resources, v1File, v2File, expected) => {
        if (v2 && v2File === 'none') {
          // v2 has no such thing, and a limit that does not hold is worse than an error.
          const { status, stderr } = await runtime.run('true', { linux: { resources } })
          expect(status).not.toBe(0)
          expect(stderr).toContain(name)
          return
        }
        const container = await launch(resources)
        const value = limit(container, v1File, v2File)
        // Some kernels lack some of them; then the runtime said nothing, and lived.
        if (value !== undefined) expect(value).toMatch(expected)
        expect(await container.status()).toBe('running')
      },
    )

    must('more memory than the limit is killed, and run says 137', async () => {
      const { status } = await runtime.run('exec tail /dev/zero', {
        linux: { resources: { memory: { limit: 33_554_432 } } },
      })
      expect(status).toBe(137)
    })

    must('more processes than the limit are refused', async () => {
      const { stderr } = await runtime.run('for i in 1 2 3 4 5 6 7 8 9; do sleep 5 & done; wait', {
        linux: { resources: { pids: { limit: 5 } } },
      })
      expect(stderr).toMatch(/can't fork|Resource temporarily unavailable/)
    })

    must('device rules hold in the order of the list', async () => {
      // /dev/loop-control: no default device, and opening it does nothing. Whether it
      // exists or not, only the cgroup says EPERM.
      const script = 'mknod /tmp/x c 10 237; cat /tmp/x 2>&1 | grep -o "not permitted"'
      const open = async (...rules: object[]) => {
        const { stdout } = await runtime.run(script, {
          process: { capabilities: all('CAP_MKNOD') },
          linux: { resources: { devices: [{ allow: false, access: 'rwm' }, ...rules] } },
        })
        return stdout
      }
      const rule = (allow: boolean, access: string) => ({ allow, type: 'c', major: 10, minor: 237, access })
      const denied = 'not permitted\n'
      expect(await open()).toBe(denied)
      expect(await open(rule(true, 'rwm'))).toBe('')
      expect(await open(rule(true, 'rwm'), rule(false, 'rwm'))).toBe(denied)
      expect(await open(rule(false, 'rwm'), rule(true, 'rwm'))).toBe('')
      expect(await open(rule(true, 'rwm'), rule(false, 'r'))).toBe(denied)
      expect(await open({ allow: true, access: 'rwm' })).toBe('')
    })

    must('a new cgroup namespace has the container’s cgroup as its root', async () => {
      const { stdout } = await runtime.run('cut -d: -f3 /proc/self/cgroup | sort -u', {
        linux: { namespaces: [...baseNamespaces, { type: 'cgroup' }] },
      })
      expect(stdout.split('\n')).toContain('/')
      expect(stdout).not.toContain('lc-')
    })

    must('a cgroup mount shows the container’s own cgroup, read-only where asked', async () => {
      const { stdout, stderr } = await runtime.run(
        'find /sys/fs/cgroup -name cgroup.procs | xargs grep -lx 1 | wc -l; mkdir /sys/fs/cgroup/pids/x /sys/fs/cgroup/x',
        {
          linux: { namespaces: [...baseNamespaces, { type: 'cgroup' }] },
          mounts: [
            ...baseMounts,
            {
              destination: '/sys/fs/cgroup',
              type: 'cgroup',
              source: 'cgroup',
              options: ['nosuid', 'noexec', 'nodev', 'relatime', 'ro'],
            },
          ],
        },
      )
      expect(Number(stdout)).toBeGreaterThan(0)
      expect(stderr).toMatch(/Read-only file system/)
    })

    must('unified goes to cgroup v2, and is an error where there is none', async () => {
      const container = await runtime.container({
        linux: { resources: { unified: { [v2 ? 'pids.max' : 'memory.high']: '1000000' } } },
      })
      const { status } = await container.create()
      expect(status === 0).toBe(v2)
      if (v2) expect(limit(container, '', 'pids.max')).toBe('1000000')
      const unknown = await runtime.container({ linux: { resources: { unified: { 'nonsense.max': '1' } } } })
      expect((await unknown.create()).status).not.toBe(0)
    })

    must('root of its own users owns the cgroup that it may write, on v2', async () => {
      const mapping = [{ containerID: 0, hostID: 100_000, size: 65_536 }]
      for (const options of [[], ['ro']]) {
        const container = await runtime.container({
          mounts: [
            ...baseMounts,
            { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options },
          ],
          linux: {
            namespaces: [...baseNamespaces, { type: 'user' }, { type: 'cgroup' }],
            uidMappings: mapping,
            gidMappings: mapping,
          },
        })
        await container.launch()
        const given = v2 && options.length === 0 ? 100_000 : 0
        for (const [file, owner] of Object.entries({ '.': given, 'cgroup.procs': given, 'memory.max': 0 })) {
          const paths = cgroupRoots().map((root) => join(root, container.id, file))
          const owners = paths.filter((path) => existsSync(path)).map((path) => statSync(path).uid)
          expect([file, ...new Set([...owners, owner])]).toEqual([file, owner])
        }
      }
    })

    must('a frozen cgroup is not fit for create', async () => {
      const container = await runtime.container()
      const freezer = v2
        ? join('/sys/fs/cgroup', container.id)
        : join(cgroupRoots().find((root) => root.endsWith('freezer')) ?? '', container.id)
      mkdirSync(freezer)
      try {
        await writeFile(join(freezer, v2 ? 'cgroup.freeze' : 'freezer.state'), v2 ? '1' : 'FROZEN')
        // Who does not look waits for a process that cannot run.
        const started = (child: ChildProcess) => void setTimeout(() => child.kill('SIGKILL'), 5000).unref()
        const { status, stderr } = await container.create([], { started })
        expect(status).not.toBe(0)
        expect(stderr).toMatch(/frozen/)
        expect(processes(container.id)).toEqual([])
      } finally {
        if (existsSync(freezer))
          await writeFile(join(freezer, v2 ? 'cgroup.freeze' : 'freezer.state'), v2 ? '0' : 'THAWED')
        await expect.poll(() => sweep(container)).toEqual([])
      }
    })

    must('update changes the limits of a running container', async () => {
      const container = await launch({ memory: { limit: 67_108_864 }, pids: { limit: 32 } })
      const flags = [
        '--memory',
        '134217728',
        '--pids-limit',
        '64',
        '--cpu-quota',
        '20000',
        '--cpu-period',
        '100000',
      ]
      expect(await runtime.call(['update', ...flags, container.id])).toMatchObject({ status: 0 })
      expect(limit(container, 'memory.limit_in_bytes', 'memory.max')).toBe('134217728')
      expect(limit(container, 'pids.max', 'pids.max')).toBe('64')
      expect(limit(container, 'cpu.cfs_quota_us', 'cpu.max')).toMatch(/^20000/)
    })

    test('a cgroup that another container is in is refused, and that container lives on', async () => {
      const first = await runtime.container()
      await first.launch()
      const second = await runtime.container({ linux: { cgroupsPath: `/${first.id}` } })
      const { status, stderr } = await second.create()
      expect(status).not.toBe(0)
      expect(`${stderr}${await second.output('err')}`).toMatch(/is in use/)
      expect(await first.status()).toBe('running')
    })

    must('exec’d processes are in the cgroup, and delete --force ends them', async () => {
      const container = await launch({})
      expect(await container.exec(['sleep', '1000'], ['--detach'])).toMatchObject({ status: 0 })
      await expect.poll(() => processes(container.id).length).toBe(2)
      await container.delete('--force')
      await expect.poll(() => processes(container.id)).toEqual([])
      expect(readdirSync(runtime.root)).not.toContain(container.id)
    })

    function all(...more: string[]) {
      const names = ['CAP_CHOWN', 'CAP_KILL', ...more]
      return { bounding: names, effective: names, permitted: names }
    }
  },
)
