// What tockerd was told, by flags and by daemon.json: one settings object, or one line
// that says what is wrong. Flags have the names of the file's fields, and Docker's.
//
// Called by main.ts.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Owners } from '../archive/owners.ts'
import { EngineError } from '../errors.ts'
import { type ConfigFile, readConfigFile } from './config-file.ts'
import type { ContainerDefaults } from './container/defaults.ts'
import { defaultFlags, readDefaults } from './default-options.ts'
import { networkFieldOf, networkFlags, networkSettings } from './network/read-settings.ts'
import type { NetworkSettings } from './network/settings.ts'
import { type Host, parseHost } from './server/listen.ts'
import type { ServerTls } from './server/server.ts'
import { readTls, tlsWords } from './tls-options.ts'
import { readRemap } from './userns-remap.ts'

export interface DaemonOptions {
  /** Absolute, as all paths. */
  root: string
  execRoot: string
  pidfile: string
  hosts: Host[]
  group?: string
  tls?: ServerTls
  storageDriver?: string
  storageOptions: string[]
  mirrors: string[]
  insecureRegistries: string[]
  /** Containers go on when the daemon ends; otherwise they are stopped. */
  liveRestore: boolean
  cgroupParent: string
  /** Programs of `--runtime`, by name. */
  runtimes: Record<string, string>
  network: NetworkSettings
  /** `userns-remap`: containers have users of their own. */
  owners?: Owners
  /** For containers that do not say. */
  defaults: ContainerDefaults
  /** `key=value`, told by `docker info`. */
  labels: string[]
  /** Seconds for each container to end in, when the daemon ends; -1 for ever. */
  shutdownTimeout: number
  logLevel: LogLevel
  /** --validate: look at all this, say whether it is right, and end. */
  validate: boolean
  configFile?: string
}

const flags = {
  'config-file': { type: 'string' },
  'data-root': { type: 'string' },
  'exec-root': { type: 'string' },
  group: { type: 'string', short: 'G' },
  host: { type: 'string', short: 'H', multiple: true },
  pidfile: { type: 'string', short: 'p' },
  'storage-driver': { type: 'string', short: 's' },
  'storage-opt': { type: 'string', multiple: true },
  'registry-mirror': { type: 'string', multiple: true },
  'insecure-registry': { type: 'string', multiple: true },
  tls: { type: 'boolean' },
  tlsverify: { type: 'boolean' },
  tlscacert: { type: 'string' },
  tlscert: { type: 'string' },
  tlskey: { type: 'string' },
  'live-restore': { type: 'boolean' },
  'cgroup-parent': { type: 'string' },
  ...networkFlags,
  'add-runtime': { type: 'string', multiple: true },
  ...defaultFlags,
  label: { type: 'string', multiple: true },
  'shutdown-timeout': { type: 'string' },
  'userns-remap': { type: 'string' },
  'log-level': { type: 'string', short: 'l' },
  debug: { type: 'boolean', short: 'D' },
  validate: { type: 'boolean' },
  help: { type: 'boolean' },
  version: { type: 'boolean', short: 'v' },
} as const

export type DaemonFlags = ReturnType<typeof parseFlags>

/** @throws EngineError `invalid` for a flag that there is not */
export function parseFlags(args: readonly string[]) {
  try {
    return parseArgs({ args: args.map(asNode), options: flags, strict: true, allowNegative: true }).values
  } catch (error) {
    throw new EngineError(
      'invalid',
      `${error instanceof Error ? error.message.split('. ')[0] : error}: see 'tockerd --help'`,
    )
  }
}

/** Docker writes `--icc=false`, Node's parser wants `--no-icc`; and `-H=unix://…`, of which the `=` would be the value's. */
function asNode(word: string): string {
  if (/^-[a-zA-Z]=/.test(word)) return word.replace('=', '')
  const [, name = '', value] = /^--([\w-]+)=(true|false)$/.exec(word) ?? []
  const isFlag = (wanted: string): boolean =>
    Object.entries(flags).some(([flag, { type }]) => flag === wanted && type === 'boolean')
  const rest = name.replace(/^no-/, '')
  if (rest !== name && isFlag(rest)) return value === 'true' ? word.slice(0, -'=true'.length) : `--${rest}`
  return isFlag(name) ? (value === 'true' ? `--${name}` : `--no-${name}`) : word
}

/** Names of the file's fields whose flags are called otherwise. */
const fieldOf: Readonly<Record<string, keyof ConfigFile>> = {
  host: 'hosts',
  'storage-opt': 'storage-opts',
  ...networkFieldOf,
  'registry-mirror': 'registry-mirrors',
  'insecure-registry': 'insecure-registries',
  'add-runtime': 'runtimes',
  'log-opt': 'log-opts',
  'default-ulimit': 'default-ulimits',
  'new-privileges': 'no-new-privileges',
  label: 'labels',
}

/** @throws EngineError `invalid` */
export function readOptions(given: DaemonFlags): DaemonOptions {
  const file = readConfigFile(given['config-file'])
  refuseBoth(given, file)
  const tls = readTls({ ...tlsWords(file), ...tlsWords(given) })
  const hosts = given.host ?? file.hosts ?? ['unix:///run/tocker.sock']
  const runtimes = { ...installedRuntimes(), ...configured(file, given['add-runtime'] ?? []) }
  const owners = readRemap(given['userns-remap'] ?? file['userns-remap'] ?? '')
  const root = given['data-root'] ?? file['data-root'] ?? '/var/lib/tocker'
  const [group, driver] = [given.group ?? file.group, given['storage-driver'] ?? file['storage-driver']]
  return {
    root: owners === undefined ? root : join(root, `${owners.root.uid}.${owners.root.gid}`),
    execRoot: given['exec-root'] ?? file['exec-root'] ?? '/run/tockerd',
    pidfile: given.pidfile ?? file.pidfile ?? '/run/tockerd.pid',
    hosts: hosts.map((host) => parseHost(host, tls !== undefined)),
    ...(group === undefined ? {} : { group }),
    ...(tls === undefined ? {} : { tls }),
    ...(driver === undefined ? {} : { storageDriver: driver }),
    ...(owners === undefined ? {} : { owners }),
    storageOptions: given['storage-opt'] ?? file['storage-opts'] ?? [],
    mirrors: given['registry-mirror'] ?? file['registry-mirrors'] ?? [],
    insecureRegistries: given['insecure-registry'] ?? file['insecure-registries'] ?? [],
    liveRestore: given['live-restore'] ?? file['live-restore'] ?? false,
    cgroupParent: given['cgroup-parent'] ?? file['cgroup-parent'] ?? '/tocker',
    runtimes,
    network: networkSettings(given, file),
    defaults: readDefaults(given, file, Object.keys(runtimes)),
    labels: (given.label ?? file.labels ?? []).map(checkLabel),
    shutdownTimeout: readTimeout(given['shutdown-timeout'] ?? file['shutdown-timeout'] ?? 15),
    logLevel: readLevel(given, file),
    validate: given.validate ?? false,
    ...(given['config-file'] === undefined ? {} : { configFile: given['config-file'] }),
  }
}

function configured({ runtimes = {} }: ConfigFile, added: readonly string[]): Record<string, string> {
  const words = added.map((text) => {
    const [, name, path] = /^([^=]+)=(.+)$/.exec(text) ?? []
    if (name === undefined || path === undefined)
      throw new EngineError('invalid', `--add-runtime ${text}: it is name=path`)
    return [name, path] as const
  })
  const all = [...Object.entries(runtimes).map(([name, { path }]) => [name, path] as const), ...words]
  for (const [name] of all)
    if (name === 'tocker')
      throw new EngineError('invalid', 'the runtime "tocker" is our own: call it otherwise')
  return Object.fromEntries(all)
}

const logLevels = ['debug', 'info', 'warn', 'error', 'fatal'] as const
type LogLevel = (typeof logLevels)[number]

function readLevel(given: DaemonFlags, file: ConfigFile): LogLevel {
  if (given.debug ?? file.debug) return 'debug'
  const text = given['log-level'] ?? file['log-level'] ?? 'info'
  const level = logLevels.find((one) => one === text)
  if (level === undefined)
    throw new EngineError('invalid', `log-level: "${text}": it is ${logLevels.join(', ')}`)
  return level
}

function checkLabel(text: string): string {
  if (!/^[^=\s]+=/.test(text)) throw new EngineError('invalid', `label: "${text}": it is key=value`)
  return text
}

function readTimeout(value: string | number): number {
  const seconds = Number(value)
  if (!Number.isInteger(seconds) || seconds < -1)
    throw new EngineError('invalid', `shutdown-timeout: "${value}": it is seconds, or -1 for no end`)
  return seconds
}

/** Those that need no configuration, where they are. */
function installedRuntimes(): Record<string, string> {
  const directories = (process.env.PATH ?? '').split(':')
  const programs = { runc: 'runc', crun: 'crun', lxc: 'lxc-start' }
  const found = Object.entries(programs).flatMap(([name, program]) => {
    const path = directories.map((one) => join(one, program)).find((one) => existsSync(one))
    return path === undefined ? [] : [[name, path] as const]
  })
  return Object.fromEntries(found)
}

/** Which of the two should count? Docker refuses to guess, and so do we. */
function refuseBoth(given: DaemonFlags, file: ConfigFile): void {
  const both = Object.keys(given).filter((flag) => Object.hasOwn(file, fieldOf[flag] ?? flag))
  if (both.length > 0)
    throw new EngineError(
      'invalid',
      `the following directives are specified both as a flag and in the configuration file: ${both.join(', ')}`,
    )
}
