// Containers from the flags of `docker run`, by our own runtime and by runc: what is asked
// for is what the container sees. Needs root.
import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ContainerConfig, configSchema } from '../../engine/api/container-config.ts'
import { type HostConfig, hostConfigSchema } from '../../engine/api/host-config.ts'
import { machineFacts } from '../../engine/daemon/container/host-facts.ts'
import { ociSpec, type SpecRequest } from '../../engine/daemon/container/oci-spec.ts'
import { resolveUser } from '../../engine/daemon/container/user.ts'
import type { RuntimeChoice } from '../../engine/daemon/supervisor/protocol.ts'
import { encode } from '../../engine/libcontainer/config/encode.ts'
import { nothingLeft } from '../suites/nothing-left.ts'
import { Supervision } from '../suites/supervision.ts'

const runtimes: [string, RuntimeChoice][] = [
  ['native', 'native'],
  ['runc', { name: 'runc', program: 'runc' }],
]

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)('flags (needs root)', () => {
  let supervision: Supervision
  beforeAll(async () => {
    supervision = await Supervision.open()
  })
  afterAll(async () => {
    const words = await supervision.close()
    await nothingLeft(() => supervision.leftovers(), words)
  })

  interface Wanted {
    config?: ContainerConfig
    points?: SpecRequest['mountPoints']
  }

  /** @returns what the script printed */
  async function run(
    runtime: RuntimeChoice,
    script: string,
    hostConfig: HostConfig,
    wanted: Wanted = {},
  ): Promise<string> {
    const id = randomBytes(32).toString('hex')
    const config = configSchema.parse(wanted.config ?? {})
    const bundle = join(supervision.directory, 'bundles', id)
    await mkdir(bundle, { recursive: true })
    const files = {
      passwd: 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:\n',
      group: 'root:x:0:\nwheel:x:10:nobody\n',
    }
    const spec = ociSpec(
      {
        ...{ id, config, hostConfig: hostConfigSchema.parse(hostConfig) },
        rootfs: join(supervision.directory, 'rootfs'),
        ...{ path: 'sh', args: ['-c', script], mountPoints: wanted.points ?? [] },
        user: resolveUser(config.User ?? '', files, hostConfig.GroupAdd ?? []),
      },
      {
        ...machineFacts(),
        ...{ cgroupParent: supervision.parent, defaultUlimits: [], files: [] },
        ...{ sharedMemory: undefined, knowsRro: true, pidOf: () => process.pid },
      },
    )
    await writeFile(join(bundle, 'config.json'), encode(spec))
    const { client } = supervision
    const log = supervision.logConfig(id)
    await client.create({
      container: id,
      bundle,
      runtime,
      terminal: false,
      stdin: false,
      stdinOnce: false,
      log,
    })
    await client.start({ container: id })
    await client.wait({ container: id })
    const { stdout, stderr } = await supervision.log(id)
    await client.delete({ container: id })
    return `${stdout}${stderr}`.trim()
  }

  describe.each(runtimes)('%s', (_, runtime) => {
    test('who it is, and what it may', async () => {
      const script =
        'id; grep -E "CapBnd|NoNewPrivs|Seccomp:" /proc/self/status; echo $HOME $A; pwd; hostname'
      const config = { User: 'nobody', Env: ['A=b'], WorkingDir: '/tmp', Hostname: 'blue' }
      const hostConfig = {
        CapDrop: ['ALL'],
        CapAdd: ['KILL'],
        SecurityOpt: ['no-new-privileges'],
        GroupAdd: ['20'],
      }
      const text = await run(runtime, script, hostConfig, { config })
      expect(text).toMatch(/uid=65534\(nobody\) gid=65534\(nogroup\) groups=.*10.*20/)
      expect(text).toMatch(/CapBnd:\t0000000000000020\nNoNewPrivs:\t1\nSeccomp:\t2\n\/ b\n\/tmp\nblue$/)
    })

    test('what it may not write, and where it may', async () => {
      const script =
        'touch /x; touch /tmp/x && echo tmp; grep " /tmp " /proc/mounts; cat /data/web; touch /data/x; df /dev/shm | tail -1'
      const source = join(supervision.directory, 'rootfs/etc')
      const points = [
        { type: 'bind', source, destination: '/data', mode: 'ro', writable: false, propagation: 'rprivate' },
      ] as const
      await writeFile(join(source, 'web'), 'a file\n')
      await mkdir(join(supervision.directory, 'rootfs/data'), { recursive: true })
      const text = await run(
        runtime,
        script,
        { ReadonlyRootfs: true, Tmpfs: { '/tmp': 'size=1m' }, ShmSize: 2 * 1024 ** 2 },
        { points },
      )
      expect(text).toMatch(/^tmp\n.*tmpfs.*noexec.*size=1024k.*\na file\n/m)
      expect(text).toMatch(/\/x: Read-only file system/)
      expect(text).toMatch(/\/data\/x: Read-only file system/)
      expect(text).toMatch(/ 2048 /)
    })

    test('how much it may use', async () => {
      const script =
        'ulimit -n; ulimit -c; cat /proc/self/oom_score_adj /proc/self/limits | grep -E "^[0-9]|core"'
      const text = await run(runtime, script, {
        ...{ Memory: 64 * 1024 ** 2, CpuShares: 512, NanoCpus: 500_000_000, PidsLimit: 30, OomScoreAdj: 300 },
        Ulimits: [
          { Name: 'nofile', Soft: 100, Hard: 200 },
          { Name: 'core', Soft: -1, Hard: -1 },
        ],
      })
      expect(text).toMatch(/^100\nunlimited\n300\nMax core file size +unlimited +unlimited/)
    })

    test('what it shares with the host', async () => {
      const links = 'for n in net uts ipc pid; do readlink /proc/self/ns/$n; done'
      const own = await run(runtime, links, {})
      const shared = await run(runtime, links, {
        NetworkMode: 'host',
        UTSMode: 'host',
        IpcMode: 'host',
        PidMode: 'host',
      })
      expect(shared.split('\n').filter((line) => own.split('\n').includes(line))).toEqual([])
      expect(shared.split('\n')).toHaveLength(4)
    })

    test('--privileged, --device', async () => {
      const nodes =
        'ls /dev/null; [ -w /proc/sys/kernel/hostname ] && echo writable; grep CapBnd /proc/self/status; ls -l /dev/mine'
      const Devices = [{ PathOnHost: '/dev/zero', PathInContainer: '/dev/mine', CgroupPermissions: 'rwm' }]
      const text = await run(runtime, nodes, { Privileged: true, Devices })
      expect(text).toMatch(/writable\nCapBnd:\t[0-9a-f]+\ncrw.* 1, +5 .*\/dev\/mine/)
      expect(await run(runtime, 'head -c 3 /dev/mine | wc -c', { Devices })).toBe('3')
    })
  })
})
