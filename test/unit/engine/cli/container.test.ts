// What a container of an image is made of: the words of `tocker run` as the body that the
// API takes, flag by flag, in Docker's spelling.
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { createBodySchema } from '../../../../engine/api/container-config.ts'
import { createBody } from '../../../../engine/cli/container/create-body.ts'
import { createFlags } from '../../../../engine/cli/container/create-flags.ts'
import { readEnvFile } from '../../../../engine/cli/container/env-file.ts'
import { collectFilters, filtersQuery, parseFilter } from '../../../../engine/cli/filters.ts'
import { parseFlags } from '../../../../engine/cli/flags.ts'
import { parseMoment } from '../../../../engine/cli/moment.ts'
import { parseCpus, parseDuration, parseRam } from '../../../../engine/cli/quantity.ts'
import { isContainerName, randomName } from '../../../../engine/daemon/container/names.ts'
import { readInRoot } from '../../../../engine/daemon/container/root-file.ts'

function body(line: string) {
  const words = line.split(' ').filter((word) => word !== '')
  const { flags, args } = parseFlags(words, createFlags, { passThrough: true })
  const [image = 'box', ...rest] = args
  return createBody(flags, { image, args: rest, detached: false })
}

test('nothing said: an image, its own command, both outputs', () => {
  expect(createBodySchema.parse(body('busybox'))).toMatchObject({
    ...{ Image: 'busybox', Cmd: null, Env: [], Tty: false, OpenStdin: false, StdinOnce: false },
    ...{ AttachStdin: false, AttachStdout: true, AttachStderr: true },
    HostConfig: { NetworkMode: 'default', AutoRemove: false, Privileged: false, Binds: [] },
    NetworkingConfig: { EndpointsConfig: {} },
  })
  expect(body('busybox')).not.toHaveProperty('HostConfig.Memory')
})

test.each([
  ['-it', { Tty: true, OpenStdin: true, StdinOnce: true, AttachStdin: true }],
  ['-i -a stdout', { OpenStdin: true, StdinOnce: false, AttachStdin: false, AttachStderr: false }],
  ['-e A=1 -e B=x=y box ls -l', { Env: ['A=1', 'B=x=y'], Cmd: ['ls', '-l'] }],
  ['-l a=b --label c', { Labels: { a: 'b', c: '' } }],
  ['--entrypoint= box', { Entrypoint: [''] }],
  ['--entrypoint sh box -c id', { Entrypoint: ['sh'], Cmd: ['-c', 'id'] }],
  ['-u app:staff -w /srv -h web --domainname x', { User: 'app:staff', WorkingDir: '/srv', Hostname: 'web' }],
  ['--stop-signal INT --stop-timeout 3', { StopSignal: 'INT', StopTimeout: 3 }],
  ['--no-healthcheck', { Healthcheck: { Test: ['NONE'] } }],
  [
    '--health-cmd true --health-interval 1m30s --health-retries 2',
    { Healthcheck: { Test: ['CMD-SHELL', 'true'], Interval: 90e9, Retries: 2 } },
  ],
  ['--expose 80-81 --expose 53/udp', { ExposedPorts: { '80/tcp': {}, '81/tcp': {}, '53/udp': {} } }],
  ['-v /data -v name:/x', { Volumes: { '/data': {} }, HostConfig: { Binds: ['name:/x'] } }],
])('%s', (line, expected) => {
  expect(createBodySchema.parse(body(line))).toMatchObject(expected)
})

test.each([
  [
    '-m 50M --memory-swap -1 --memory-reservation 1.5g --memory-swappiness 0',
    { Memory: 52428800, MemorySwap: -1, MemoryReservation: 1610612736, MemorySwappiness: 0 },
  ],
  [
    '-c 512 --cpus 1.5 --cpu-period 1000 --cpu-quota 2000',
    { CpuShares: 512, NanoCpus: 1.5e9, CpuPeriod: 1000, CpuQuota: 2000 },
  ],
  [
    '--cpuset-cpus 0-1 --cpuset-mems 0 --pids-limit -1',
    { CpusetCpus: '0-1', CpusetMems: '0', PidsLimit: -1 },
  ],
  [
    '--blkio-weight 300 --blkio-weight-device /dev/sda:200',
    { BlkioWeight: 300, BlkioWeightDevice: [{ Path: '/dev/sda', Weight: 200 }] },
  ],
  [
    '--device-read-bps /dev/sda:1mb --device-write-iops /dev/sda:9',
    {
      BlkioDeviceReadBps: [{ Path: '/dev/sda', Rate: 1048576 }],
      BlkioDeviceWriteIOps: [{ Path: '/dev/sda', Rate: 9 }],
    },
  ],
  [
    '--oom-kill-disable --oom-score-adj -500 --shm-size 1g',
    { OomKillDisable: true, OomScoreAdj: -500, ShmSize: 2 ** 30 },
  ],
  [
    '--ulimit nofile=10:20 --ulimit core=0',
    {
      Ulimits: [
        { Name: 'nofile', Soft: 10, Hard: 20 },
        { Name: 'core', Soft: 0, Hard: 0 },
      ],
    },
  ],
  [
    '--device /dev/fuse --device /dev/a:/dev/b:r --device /dev/c:rm',
    {
      Devices: [
        { PathOnHost: '/dev/fuse', PathInContainer: '/dev/fuse', CgroupPermissions: 'rwm' },
        { PathOnHost: '/dev/a', PathInContainer: '/dev/b', CgroupPermissions: 'r' },
        { PathOnHost: '/dev/c', PathInContainer: '/dev/c', CgroupPermissions: 'rm' },
      ],
    },
  ],
  ['--restart on-failure:3', { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 } }],
  [
    '--rm --init --privileged --read-only -P',
    { AutoRemove: true, Init: true, Privileged: true, ReadonlyRootfs: true, PublishAllPorts: true },
  ],
  [
    '--cap-add ALL --cap-drop KILL --security-opt no-new-privileges',
    { CapAdd: ['ALL'], CapDrop: ['KILL'], SecurityOpt: ['no-new-privileges'] },
  ],
  ['--security-opt systempaths=unconfined', { SecurityOpt: [], MaskedPaths: [], ReadonlyPaths: [] }],
  [
    '--pid host --ipc container:x --uts host --userns host --cgroupns private',
    { PidMode: 'host', IpcMode: 'container:x', UTSMode: 'host', UsernsMode: 'host', CgroupnsMode: 'private' },
  ],
  [
    '--dns 1.1.1.1 --dns-search x --dns-option ndots:2 --add-host db:10.0.0.2 --add-host v6=::1',
    { Dns: ['1.1.1.1'], DnsSearch: ['x'], DnsOptions: ['ndots:2'], ExtraHosts: ['db:10.0.0.2', 'v6:::1'] },
  ],
  [
    '--log-driver local --log-opt max-size=1m',
    { LogConfig: { Type: 'local', Config: { 'max-size': '1m' } } },
  ],
  [
    '--tmpfs /run --tmpfs /x:size=1m,ro --sysctl a.b=1',
    { Tmpfs: { '/run': '', '/x': 'size=1m,ro' }, Sysctls: { 'a.b': '1' } },
  ],
  [
    '--volumes-from a:ro --volume-driver local --runtime runc --group-add 5',
    { VolumesFrom: ['a:ro'], VolumeDriver: 'local', Runtime: 'runc', GroupAdd: ['5'] },
  ],
  ['-v ./x:/x:ro', { Binds: [`${resolve('x')}:/x:ro`] }],
  [
    '-p 8080:80 -p 127.0.0.1::53/udp -p [::1]:90-91:90-91 -p 7',
    {
      PortBindings: {
        '80/tcp': [{ HostIp: '', HostPort: '8080' }],
        '53/udp': [{ HostIp: '127.0.0.1', HostPort: '' }],
        '90/tcp': [{ HostIp: '::1', HostPort: '90' }],
        '91/tcp': [{ HostIp: '::1', HostPort: '91' }],
        '7/tcp': [{ HostIp: '', HostPort: '' }],
      },
    },
  ],
  [
    '--mount type=bind,src=/a,dst=/b,ro,bind-propagation=rslave',
    {
      Mounts: [
        { Type: 'bind', Source: '/a', Target: '/b', ReadOnly: true, BindOptions: { Propagation: 'rslave' } },
      ],
    },
  ],
  [
    '--mount src=v,target=/v,volume-nocopy,volume-subpath=a/b',
    {
      Mounts: [
        { Type: 'volume', Source: 'v', Target: '/v', VolumeOptions: { NoCopy: true, Subpath: 'a/b' } },
      ],
    },
  ],
  [
    '--mount type=volume,dst=/v,volume-opt=type=nfs,"volume-opt=o=addr=h,rw",volume-label=a=b',
    {
      Mounts: [
        {
          Type: 'volume',
          Target: '/v',
          VolumeOptions: { DriverConfig: { Options: { type: 'nfs', o: 'addr=h,rw' } }, Labels: { a: 'b' } },
        },
      ],
    },
  ],
  [
    '--mount type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=1770',
    { Mounts: [{ Type: 'tmpfs', Target: '/t', TmpfsOptions: { SizeBytes: 1048576, Mode: 0o1770 } }] },
  ],
  ['--network back --network-alias db --ip 10.0.0.9', { NetworkMode: 'back' }],
])('HostConfig of %s', (line, expected) => {
  expect(createBodySchema.parse(body(line)).HostConfig).toMatchObject(expected)
})

test.each([
  ['--network back', {}],
  [
    '--network back --network-alias db --ip 10.0.0.9 --link a:b',
    { back: { Aliases: ['db'], IPAMConfig: { IPv4Address: '10.0.0.9' }, Links: ['a:b'] } },
  ],
  [
    '--network name=a,alias=x,driver-opt=k=v --network b',
    { a: { Aliases: ['x'], DriverOpts: { k: 'v' } }, b: {} },
  ],
])('networks of %s', (line, expected) => {
  expect(createBodySchema.parse(body(line)).NetworkingConfig?.EndpointsConfig).toEqual(expected)
})

test.each([
  ['-m 5x', /invalid argument "5x" for "-m, --memory" flag: invalid size/],
  ['-p x', /invalid containerPort: x/],
  ['-p 1-2:1-3', /invalid ranges specified/],
  ['-p 80/icmp', /invalid proto: icmp/],
  ['-p 99999', /invalid containerPort/],
  ['--expose 9-8', /invalid range format for --expose/],
  ['--mount type=bind', /target is required/],
  ['--mount type=nope,dst=/x', /invalid mount type: nope/],
  ['--mount colour=red', /unexpected key 'colour'/],
  ['--mount type=bind,dst=/x,volume-nocopy', /cannot mix 'volume-\*' options with mount type 'bind'/],
  ['--restart on-failure:x', /maximum retry count must be an integer/],
  ['--rm --restart always', /cannot specify both --restart and --rm/],
  ['--no-healthcheck --health-cmd x', /--no-healthcheck conflicts/],
  ['--ulimit nofile', /invalid ulimit argument/],
  ['--device a:b:c:d', /invalid device specification/],
  ['--device-read-bps sda:1mb', /bad format for device path/],
  ['-e =x', /invalid environment variable: =x/],
  ['-a stdwhat', /valid streams are STDIN, STDOUT and STDERR/],
  ['--network a --network a', /network "a" is specified multiple times/],
  ['--add-host nothing', /bad format for add-host/],
  ['--cpus x', /failed to parse x as a rational number/],
  ['--env-file /nowhere', /open \/nowhere: ENOENT/],
])('%s is refused', (line, message) => {
  expect(() => body(line)).toThrow(message)
})

test.each([
  ['5', 5],
  ['1k', 1024],
  ['1.5M', 1572864],
  ['1GiB', 2 ** 30],
  ['64kb', 65536],
])('%s is %d bytes', (text, bytes) => {
  expect(parseRam(text)).toBe(bytes)
})

test('durations are Go’s, CPUs exact', () => {
  expect([parseDuration('1h2m3.5s'), parseDuration('250ms'), parseDuration('0')]).toEqual([
    3723.5e9, 250e6, 0,
  ])
  expect(() => parseDuration('5')).toThrow(/invalid duration/)
  expect([parseCpus('0.000000001'), parseCpus('2')]).toEqual([1, 2e9])
})

test('moments: ago, seconds, dates', () => {
  expect(parseMoment('10m', 1_000_000_000)).toBe('999400.000000000')
  expect(parseMoment('1700000000.25')).toBe('1700000000.25')
  expect(parseMoment('2023-11-14T22:13:20.5Z')).toBe('1700000000.5')
  expect(() => parseMoment('yesterday')).toThrow(/is no time/)
})

test('a file of variables', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'lc-env-'))
  try {
    const file = join(directory, 'env')
    await writeFile(file, '# comment\n\nA=1\n  B= two \nC\nD\n')
    expect(readEnvFile(file, { C: 'here' })).toEqual(['A=1', 'B= two ', 'C=here'])
    await writeFile(file, 'A B=1\n')
    expect(() => readEnvFile(file)).toThrow(/contains whitespaces/)
  } finally {
    await rm(directory, { recursive: true })
  }
})

test('names are free ones, and Docker’s', () => {
  let asked = 0
  const name = randomName(() => asked++ < 20)
  expect(isContainerName(name)).toBe(true)
  expect(['web', 'a.b-c_1'].every(isContainerName)).toBe(true)
  expect(['', 'a', '-web', 'a b', 'a/b', 'ä1'].some(isContainerName)).toBe(false)
})

test('filters are gathered by name', () => {
  expect(
    collectFilters([parseFilter('label=a=b'), parseFilter('Label= c '), parseFilter('until=1h')]),
  ).toEqual({
    label: ['a=b', 'c'],
    until: ['1h'],
  })
  expect(filtersQuery({ label: ['a=b', 'c'] })).toEqual({ filters: '{"label":{"a=b":true,"c":true}}' })
  expect(filtersQuery({})).toEqual({})
  expect(() => parseFilter('label')).toThrow('it is name=value')
  expect(() => parseFilter('=x')).toThrow('it is name=value')
})

test.runIf(process.platform === 'linux')('no link of an image leads to a file of the host', async () => {
  const root = await mkdtemp(join(tmpdir(), 'lc-rootfs-'))
  try {
    await writeFile(join(root, 'own'), 'inside')
    await symlink('/etc/hostname', join(root, 'passwd'))
    await symlink('../../../../../../own', join(root, 'group'))
    expect(readInRoot(root, '/passwd')).toBe('')
    expect(readInRoot(root, '/group')).toBe('inside')
    expect(readInRoot(root, '/nothing/at/all')).toBe('')
    expect(readInRoot(root, '/')).toBe('')
    await execa('mkfifo', [join(root, 'fifo')])
    expect(readInRoot(root, '/fifo')).toBe('')
    await writeFile(join(root, 'large'), Buffer.alloc(2 ** 20 + 1))
    expect(readInRoot(root, '/large')).toBe('')
  } finally {
    await rm(root, { recursive: true })
  }
})
