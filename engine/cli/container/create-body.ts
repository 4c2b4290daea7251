// From the words of `tocker run` and `tocker create` to the body of POST /containers/create:
// Config, which is the same on every machine, HostConfig, which is about this one, and
// NetworkingConfig. Reads files that the words name, and nothing else.
//
// What may be refused is refused by the daemon, in one place for all clients; here is only
// how each flag is spelled.
//
// Next: engine/api/container-config.ts
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ContainerConfig, CreateBody, HealthConfig } from '../../api/container-config.ts'
import type { HostConfig } from '../../api/host-config.ts'
import { type Flags, UsageError } from '../flags.ts'
import { parseDuration, parseInteger, parsePair, parseRam } from '../quantity.ts'
import { readEnvFile, readLabelFile } from './env-file.ts'
import { parseMount } from './mount-flag.ts'
import { readNetworks } from './network-flag.ts'
import { parseExpose, parsePublish } from './ports.ts'
import { present, readResources, readRestart } from './resources.ts'

export interface CreateWords {
  image: string
  args: readonly string[]
  /** Of `run -d`: nobody is attached. */
  detached: boolean
  /** Rows and columns of our terminal. */
  size?: readonly [rows: number, columns: number]
}

/** Which of the three streams the user is to see: `-a`, or all that make sense. */
export function attachedStreams(flags: Flags, detached: boolean) {
  const asked = flags.list('attach').map((one) => one.toLowerCase())
  const odd = asked.find((one) => !['stdin', 'stdout', 'stderr'].includes(one))
  if (odd !== undefined)
    throw new UsageError(
      `invalid argument "${odd}" for "-a, --attach" flag: valid streams are STDIN, STDOUT and STDERR`,
    )
  if (detached) return { stdin: false, stdout: false, stderr: false }
  if (asked.length === 0) return { stdin: flags.on('interactive'), stdout: true, stderr: true }
  const [stdin, stdout, stderr] = ['stdin', 'stdout', 'stderr'].map((name) => asked.includes(name))
  return { stdin: stdin === true, stdout: stdout === true, stderr: stderr === true }
}

/** @throws UsageError */
export function createBody(flags: Flags, words: CreateWords): CreateBody {
  const published = flags.values('publish', parsePublish).flat()
  const { mode, endpoints } = readNetworks(flags)
  return {
    ...config(
      flags,
      words,
      published.map(({ port }) => port),
    ),
    HostConfig: {
      ...hostConfig(flags, published),
      NetworkMode: mode,
      ...(words.size === undefined ? {} : { ConsoleSize: [...words.size] }),
    },
    NetworkingConfig: { EndpointsConfig: endpoints },
  }
}

function config(flags: Flags, words: CreateWords, published: readonly string[]): ContainerConfig {
  const attach = attachedStreams(flags, words.detached)
  const interactive = flags.on('interactive')
  const entrypoint = flags.text('entrypoint')
  const exposed = [...flags.values('expose', parseExpose).flat(), ...published]
  const anonymous = flags.list('volume').filter((one) => !one.includes(':'))
  const healthcheck = readHealth(flags)
  const env = [
    ...flags.list('env-file').flatMap((path) => readEnvFile(path)),
    ...flags.values('env', parseEnv),
  ]
  const labels = [...flags.list('label-file').flatMap(readLabelFile), ...flags.list('label')].map(parsePair)
  return {
    ...present({
      Hostname: flags.text('hostname'),
      Domainname: flags.text('domainname'),
      User: flags.text('user'),
      WorkingDir: flags.text('workdir'),
      MacAddress: flags.text('mac-address'),
      StopSignal: flags.text('stop-signal'),
      StopTimeout: flags.value('stop-timeout', parseInteger),
      Healthcheck: healthcheck,
      // An empty one takes the image's away.
      Entrypoint: entrypoint === undefined ? undefined : [entrypoint],
    }),
    Image: words.image,
    Cmd: words.args.length === 0 ? null : [...words.args],
    Env: env,
    Labels: Object.fromEntries(labels),
    Tty: flags.on('tty'),
    OpenStdin: interactive,
    StdinOnce: interactive && attach.stdin,
    AttachStdin: attach.stdin,
    AttachStdout: attach.stdout,
    AttachStderr: attach.stderr,
    ...(exposed.length === 0 ? {} : { ExposedPorts: Object.fromEntries(exposed.map((port) => [port, {}])) }),
    ...(anonymous.length === 0 ? {} : { Volumes: Object.fromEntries(anonymous.map((path) => [path, {}])) }),
  }
}

function hostConfig(flags: Flags, published: ReturnType<typeof parsePublish>): HostConfig {
  const { security, ...paths } = readSecurity(flags)
  const bindings: NonNullable<HostConfig['PortBindings']> = {}
  for (const { port, hostIp, hostPort } of published)
    bindings[port] = [...(bindings[port] ?? []), { HostIp: hostIp, HostPort: hostPort }]
  const tmpfs = flags.list('tmpfs').map((one) => {
    const at = one.indexOf(':')
    return at < 0 ? [one, ''] : [one.slice(0, at), one.slice(at + 1)]
  })
  const rm = flags.on('rm')
  const restart = flags.value('restart', readRestart)
  if (rm && restart !== undefined && restart.Name !== 'no' && restart.Name !== '')
    throw new UsageError('conflicting options: cannot specify both --restart and --rm')
  return {
    ...readResources(flags),
    ...paths,
    ...present({
      ContainerIDFile: flags.text('cidfile'),
      CgroupnsMode: flags.text('cgroupns'),
      IpcMode: flags.text('ipc'),
      PidMode: flags.text('pid'),
      UTSMode: flags.text('uts'),
      UsernsMode: flags.text('userns'),
      Runtime: flags.text('runtime'),
      VolumeDriver: flags.text('volume-driver'),
      ShmSize: flags.value('shm-size', parseRam),
      Init: flags.has('init') ? flags.on('init') : undefined,
      RestartPolicy: restart,
    }),
    AutoRemove: rm,
    Binds: flags
      .list('volume')
      .filter((one) => one.includes(':'))
      .map(absoluteBind),
    Mounts: flags.values('mount', parseMount),
    VolumesFrom: flags.list('volumes-from'),
    Tmpfs: Object.fromEntries(tmpfs),
    CapAdd: flags.list('cap-add'),
    CapDrop: flags.list('cap-drop'),
    Dns: flags.list('dns'),
    DnsOptions: flags.list('dns-option'),
    DnsSearch: flags.list('dns-search'),
    ExtraHosts: flags.values('add-host', parseHostEntry),
    GroupAdd: flags.list('group-add'),
    Links: flags.list('link'),
    SecurityOpt: security,
    Sysctls: Object.fromEntries(flags.list('sysctl').map(parsePair)),
    StorageOpt: Object.fromEntries(flags.list('storage-opt').map(parsePair)),
    Annotations: Object.fromEntries(flags.list('annotation').map(parsePair)),
    LogConfig: {
      Type: flags.text('log-driver') ?? '',
      Config: Object.fromEntries(flags.list('log-opt').map(parsePair)),
    },
    Privileged: flags.on('privileged'),
    PublishAllPorts: flags.on('publish-all'),
    ReadonlyRootfs: flags.on('read-only'),
    PortBindings: bindings,
  }
}

/** `./here:/there` is about the directory where the command was typed, and the daemon knows none. */
function absoluteBind(text: string): string {
  const [source = ''] = text.split(':')
  return source.startsWith('.') ? `${resolve(source)}${text.slice(source.length)}` : text
}

/** `NAME=value`, or `NAME` for the value that it has here; without one, the image's goes. */
function parseEnv(text: string): string {
  const [, name = ''] = /^([^=]*)/.exec(text) ?? []
  if (name === '') throw new RangeError(`invalid environment variable: ${text}`)
  if (text.includes('=') || process.env[name] === undefined) return text
  return `${name}=${process.env[name]}`
}

/** `db:10.0.0.2` and, of clients since 25, `db=10.0.0.2`. */
function parseHostEntry(text: string): string {
  const [, name, address] = /^([^:=]+)[:=](.+)$/.exec(text) ?? []
  if (name === undefined || address === undefined) throw new RangeError(`bad format for add-host: "${text}"`)
  return `${name}:${address.replace(/^\[|\]$/g, '')}`
}

/** Profiles of seccomp travel as text; what may be seen of /proc and /sys travels as lists. */
function readSecurity(flags: Flags): {
  security: string[]
  MaskedPaths?: string[]
  ReadonlyPaths?: string[]
} {
  const given = flags.list('security-opt')
  const open = given.includes('systempaths=unconfined')
  const security = given
    .filter((one) => one !== 'systempaths=unconfined')
    .map((one) => {
      const [name, value] = parsePair(one.replace(/^(seccomp):/, '$1='))
      if (name !== 'seccomp' || value === 'unconfined' || value === 'builtin') return one
      try {
        return `seccomp=${JSON.stringify(JSON.parse(readFileSync(value, 'utf8')))}`
      } catch (error) {
        throw new UsageError(
          `opening seccomp profile (${value}) failed: ${error instanceof Error ? error.message : error}`,
        )
      }
    })
  return open ? { security, MaskedPaths: [], ReadonlyPaths: [] } : { security }
}

/** @returns undefined when the image's own is to count */
function readHealth(flags: Flags): HealthConfig | undefined {
  const health = present({
    Test: flags.has('health-cmd') ? ['CMD-SHELL', flags.text('health-cmd') ?? ''] : undefined,
    Interval: flags.value('health-interval', parseDuration),
    Timeout: flags.value('health-timeout', parseDuration),
    StartPeriod: flags.value('health-start-period', parseDuration),
    StartInterval: flags.value('health-start-interval', parseDuration),
    Retries: flags.value('health-retries', parseInteger),
  })
  const isAsked = Object.keys(health).length > 0
  if (!flags.on('no-healthcheck')) return isAsked ? health : undefined
  if (isAsked) throw new UsageError('--no-healthcheck conflicts with --health-* options')
  return { Test: ['NONE'] }
}
