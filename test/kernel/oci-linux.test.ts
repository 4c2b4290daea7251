// config-linux.md of the OCI runtime specification 1.2: namespaces, devices, paths,
// sysctl, propagation, personality. Control groups and seccomp have files of their own.
// Needs root.
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest'
import { Runtime } from '../suites/bundle.ts'
import { baseNamespaces } from '../suites/bundle-config.ts'
import { must, mustEach } from '../suites/must.ts'

let runtime: Runtime
const holders: ChildProcess[] = []

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'config-linux.md (needs root)',
  () => {
    beforeAll(async () => {
      runtime = await Runtime.open()
    })
    afterEach(async () => {
      await runtime.clean()
      for (const holder of holders.splice(0)) holder.kill('SIGKILL')
    })
    afterAll(() => runtime.close())

    const without = (...types: string[]) => baseNamespaces.filter(({ type }) => !types.includes(type))
    const namespaceOf = (pid: number | string | undefined, name: string) =>
      readlinkSync(`/proc/${pid}/ns/${name}`)
    /** The kernel's names in /proc/PID/ns for the specification's. */
    const files = {
      pid: 'pid',
      network: 'net',
      mount: 'mnt',
      ipc: 'ipc',
      uts: 'uts',
      cgroup: 'cgroup',
      time: 'time',
    }

    /** A process in a new namespace of its own: unshare(1), which takes its fork along when it ends. */
    async function holder(flag: string, file: string): Promise<string> {
      const fork = ['--pid', '--time'].includes(flag) ? ['--fork', '--kill-child'] : []
      const child = spawn('unshare', [flag, ...fork, 'sleep', '1000'])
      holders.push(child)
      const pid = () => {
        const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim()
        return children === '' ? String(child.pid) : children
      }
      await expect.poll(() => namespaceOf(pid(), file)).not.toBe(namespaceOf('self', file))
      return `/proc/${pid()}/ns/${file}`
    }

    must('namespaces that are listed are new, those that are not are the runtime’s', async () => {
      const all = await runtime.container({
        linux: { namespaces: [...baseNamespaces, { type: 'cgroup' }] },
      })
      const { pid } = await all.launch()
      for (const type of ['pid', 'network', 'mount', 'ipc', 'uts', 'cgroup'] as const)
        expect(namespaceOf(pid, files[type]), type).not.toBe(namespaceOf('self', files[type]))
      expect(namespaceOf(pid, 'user')).toBe(namespaceOf('self', 'user'))
      const few = await runtime.container({
        hostname: undefined,
        linux: { namespaces: [{ type: 'mount' }, { type: 'pid' }] },
      })
      const fewPid = (await few.launch()).pid
      for (const type of ['network', 'ipc', 'uts', 'cgroup'] as const)
        expect(namespaceOf(fewPid, files[type]), type).toBe(namespaceOf('self', files[type]))
    })

    mustEach(
      'a %s namespace is joined by its path',
      [
        ['network', '--net'],
        ['uts', '--uts'],
        ['ipc', '--ipc'],
        ['pid', '--pid'],
        ['cgroup', '--cgroup'],
        ['time', '--time'],
      ] as const,
      async (type, flag) => {
        const path = await holder(flag, files[type])
        const container = await runtime.container({
          linux: { namespaces: [...without(type), { type, path }] },
        })
        const { pid } = await container.launch()
        expect(namespaceOf(pid, files[type])).toBe(readlinkSync(path))
      },
    )

    mustEach(
      'namespaces with %s are refused',
      [
        ['a path of another type', [{ type: 'network', path: '/proc/self/ns/uts' }]],
        ['a path to a plain file', [{ type: 'network', path: '/etc/hostname' }]],
        ['a path to nothing', [{ type: 'network', path: '/nowhere' }]],
        ['a relative path', [{ type: 'network', path: 'proc/self/ns/net' }]],
        ['one type twice', [{ type: 'uts' }]],
      ] as const,
      async (_name, wrong) => {
        const namespaces = [...without('network'), ...wrong]
        const { status, stderr } = await runtime.run('true', { linux: { namespaces } })
        expect(status).not.toBe(0)
        expect(stderr).not.toMatch(/ at .*:\d+:\d+/)
      },
    )

    must('a user namespace has the mappings, and root in it owns nothing outside', async () => {
      const mapping = [{ containerID: 0, hostID: 100_000, size: 65_536 }]
      const container = await runtime.container({
        process: { args: ['sh', '-c', 'id -u; cat /proc/self/uid_map /proc/self/gid_map; exec sleep 1000'] },
        linux: {
          namespaces: [...baseNamespaces, { type: 'user' }],
          uidMappings: mapping,
          gidMappings: mapping,
        },
      })
      const { pid } = await container.launch()
      await expect
        .poll(async () => (await container.output()).replace(/ +/g, ' '))
        .toBe('0\n 0 100000 65536\n 0 100000 65536\n')
      expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/^Uid:\t100000\t/m)
      const exec = await container.exec('id -u; echo x > /dev/null && echo devices work')
      expect(exec).toMatchObject({ status: 0, stdout: '0\ndevices work\n' })
    })

    must('a user namespace is joined by its path', async () => {
      const path = await holder('--map-root-user', 'user')
      // The namespace has its mappings; runc wants to be told them.
      const mapping = [{ containerID: 0, hostID: 0, size: 1 }]
      const container = await runtime.container({
        linux: {
          namespaces: [...baseNamespaces, { type: 'user', path }],
          uidMappings: mapping,
          gidMappings: mapping,
        },
      })
      const { pid } = await container.launch()
      expect(namespaceOf(pid, 'user')).toBe(readlinkSync(path))
    })

    must('a new time namespace has the offsets', async () => {
      const { status, stdout } = await runtime.run(
        'cat /proc/self/timens_offsets; cut -d. -f1 /proc/uptime',
        {
          linux: {
            namespaces: [...baseNamespaces, { type: 'time' }],
            timeOffsets: { monotonic: { secs: 1000, nanosecs: 5 }, boottime: { secs: 1_000_000 } },
          },
        },
      )
      expect(status).toBe(0)
      expect(stdout.replace(/ +/g, ' ')).toMatch(/^monotonic 1000 5\nboottime 1000000 0\n\d{7,}\n$/)
    })

    must('lo is up in a new network namespace', async () => {
      // IFF_UP is 1, IFF_LOOPBACK 8: netdevice(7).
      expect((await runtime.run('cat /sys/class/net/lo/flags')).stdout).toBe('0x9\n')
    })

    must('devices of the list are there, with mode and owner', async () => {
      const devices = [
        { path: '/dev/mine', type: 'c', major: 1, minor: 3, fileMode: 0o640, uid: 7, gid: 8 },
        { path: '/opt/deep/pipe', type: 'p', fileMode: 0o600 },
        { path: '/dev/loopy', type: 'b', major: 7, minor: 0 },
      ]
      const { stdout, stderr } = await runtime.run(
        'stat -c "%F %t:%T %a %u:%g" /dev/mine; stat -c %F /opt/deep/pipe /dev/loopy',
        {
          linux: {
            devices,
            resources: { devices: [{ allow: true, access: 'rwm' }] },
          },
        },
      )
      expect(stderr).toBe('')
      expect(stdout).toBe('character special file 1:3 640 7:8\nfifo\nblock special file\n')
    })

    must('a file that is not the device stops create', async () => {
      const devices = [{ path: '/etc/passwd', type: 'c', major: 1, minor: 3 }]
      expect((await runtime.run('true', { linux: { devices } })).status).not.toBe(0)
    })

    must('the default devices are there and work', async () => {
      const { stdout, stderr } = await runtime.run(
        'stat -c "%n %t:%T" /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty;' +
          'echo x > /dev/null && head -c 4 /dev/zero | wc -c && head -c 4 /dev/urandom | wc -c;' +
          'for link in ptmx fd stdin; do readlink /dev/$link; done; [ -e /dev/console ] || echo no console',
      )
      expect(stderr).toBe('')
      expect(stdout).toBe(
        '/dev/null 1:3\n/dev/zero 1:5\n/dev/full 1:7\n/dev/random 1:8\n/dev/urandom 1:9\n/dev/tty 5:0\n' +
          '4\n4\npts/ptmx\n/proc/self/fd\n/proc/self/fd/0\nno console\n',
      )
    })

    must('masked paths are empty, read-only paths cannot be written', async () => {
      const { stdout, stderr } = await runtime.run(
        'wc -c < /etc/passwd; ls -A /root; touch /etc/x; echo 1 > /proc/sys/kernel/panic; touch /tmp/x && echo writable',
        {
          linux: {
            maskedPaths: ['/etc/passwd', '/root', '/not/there'],
            readonlyPaths: ['/proc/sys', '/etc', '/not/there'],
          },
        },
      )
      expect(stdout).toBe('0\nwritable\n')
      expect(stderr).toMatch(/panic: Read-only file system/)
      expect(stderr).toMatch(/\/etc\/x: Read-only file system/)
    })

    must('sysctl sets what belongs to the container’s namespaces', async () => {
      const script = 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax'
      const linux = { sysctl: { 'net.ipv4.ip_forward': '1', 'kernel.msgmax': '8000' } }
      expect((await runtime.run(script, { linux })).stdout).toBe('1\n8000\n')
    })

    mustEach(
      'a sysctl is refused when it would change the host: %s',
      [
        ['vm.swappiness', {}],
        ['net.ipv4.ip_forward', { namespaces: without('network') }],
        ['kernel.msgmax', { namespaces: without('ipc') }],
        ['kernel.hostname', {}],
      ] as const,
      async (name, linux) => {
        const { status, stderr } = await runtime.run('true', { linux: { ...linux, sysctl: { [name]: '1' } } })
        expect(status).not.toBe(0)
        expect(stderr).toContain(name)
      },
    )

    mustEach(
      'rootfsPropagation %s',
      [
        ['shared', /shared:/],
        ['slave', /^(?!.*shared:)/],
        ['private', /^(?!.*(shared|master):)/],
        ['unbindable', /unbindable/],
      ] as const,
      async (rootfsPropagation, expected) => {
        const script = 'grep " / / \\| /[^ ]* / " /proc/self/mountinfo | tail -1'
        const { stdout, stderr } = await runtime.run(script, { linux: { rootfsPropagation } })
        expect(stderr).toBe('')
        expect(stdout.split(' - ')[0]).toMatch(expected)
      },
    )

    must('personality LINUX32 makes uname speak of a 32-bit machine', async () => {
      if (process.arch !== 'x64') return
      const { stdout } = await runtime.run('uname -m', { linux: { personality: { domain: 'LINUX32' } } })
      expect(stdout).toBe('i686\n')
    })

    must('intelRdt without a mounted resctrl is refused', async () => {
      const { status } = await runtime.run('true', { linux: { intelRdt: { closID: 'x' } } })
      expect(status).not.toBe(0)
    })
  },
)
