// Mounts: what every container has, what was asked for in its place, and what of it can
// be written. Pure.
//
// What the user mounts wins over what would be there anyway, and a mount comes after
// those above it: /data before /data/cache.
import { posix } from 'node:path'
import { defaultShmSize, type HostConfig } from '../../api/host-config.ts'
import { EngineError } from '../../errors.ts'
import type { Linux, Mount } from '../../libcontainer/config/linux.ts'
import { defaultMounts } from '../../libcontainer/defaults.ts'
import { joined, mapsIds, type NamespaceFacts } from './oci-namespaces.ts'
import type { MountPoint } from './record.ts'
import { parseSecurityOptions } from './security.ts'

export interface MountFacts extends Pick<NamespaceFacts, 'idMappings'> {
  /** Files of the daemon's own: /etc/hosts and its kin. */
  files: readonly { destination: string; source: string }[]
  /** The host's directory that is /dev/shm of this container; undefined: a new one. */
  sharedMemory: string | undefined
  /** Does the runtime know `rro`, read-only with all that is mounted below? */
  knowsRro: boolean
}

export function mountsOf(
  hostConfig: HostConfig,
  points: readonly MountPoint[],
  facts: MountFacts,
): { mounts: Mount[]; rootfsPropagation?: NonNullable<Linux['rootfsPropagation']> } {
  const asked = points.filter(({ type }) => type !== 'tmpfs').map((point) => bindMount(point, facts))
  const own = [
    ...asked,
    ...facts.files
      .filter(({ destination }) => !asked.some((one) => one.destination === destination))
      .map(({ destination, source }) => ({
        ...{ destination, source, type: 'bind' },
        options: ['rbind', 'rprivate', ...(hostConfig.ReadonlyRootfs ? ['ro'] : [])],
      })),
    ...sharedMemoryMount(hostConfig, facts),
    ...tmpfsMounts(hostConfig, points),
  ]
  const destinations = new Set(own.map(({ destination }) => destination))
  const standard = standardMounts(hostConfig, facts).filter(
    ({ destination }) =>
      !destinations.has(destination) && !(destinations.has('/dev') && destination.startsWith('/dev/')),
  )
  const rootfsPropagation = propagationOf(points)
  return {
    mounts: [...standard, ...own.sort((a, b) => depth(a.destination) - depth(b.destination))],
    ...(rootfsPropagation === undefined ? {} : { rootfsPropagation }),
  }
}

function depth(path: string): number {
  return posix.normalize(path).split('/').filter(Boolean).length
}

/** Kept writable in a container whose root is not: they hold nothing of the image. */
const alwaysWritable = ['/proc', '/dev', '/dev/pts', '/dev/shm', '/dev/mqueue']

function standardMounts(hostConfig: HostConfig, facts: MountFacts): Mount[] {
  const { Privileged, ReadonlyRootfs } = hostConfig
  const size = hostConfig.ShmSize || defaultShmSize
  const { writableCgroups } = parseSecurityOptions(hostConfig.SecurityOpt ?? [])
  return defaultMounts
    .filter(({ destination }) => destination !== '/dev/shm' || hostConfig.IpcMode !== 'none')
    .map((mount) => {
      const options = (mount.options ?? []).filter(
        (option) => !option.startsWith('size=') || mount.destination !== '/dev/shm',
      )
      const { destination, type } = mount
      if (destination === '/dev/shm') return { ...mount, options: [...options, `size=${size}`] }
      // With ids mapped, the mount of the cgroups belongs to root of the container: it may write.
      const opens =
        (Privileged && (destination === '/sys' || type === 'cgroup')) ||
        ((writableCgroups || mapsIds(hostConfig, facts)) && type === 'cgroup')
      const kept = opens ? options.filter((option) => option !== 'ro') : options
      const closes = ReadonlyRootfs && !alwaysWritable.includes(destination) && !kept.includes('ro')
      return { ...mount, options: closes ? [...kept, 'ro'] : kept }
    })
}

function bindMount(point: MountPoint, facts: MountFacts): Mount {
  const { source, destination, writable, propagation, nonRecursive } = point
  return {
    ...{ destination, source, type: 'bind' },
    options: [
      nonRecursive ? 'bind' : 'rbind',
      ...(writable ? [] : [readonlyWord(point, facts)]),
      ...(propagation === '' ? [] : [propagation]),
    ],
  }
}

/** `ro` alone is for one mount: `-v /:/host:ro` would leave /home writable, where that is another disk. */
function readonlyWord(
  { destination, nonRecursive, readonlyBelow }: MountPoint,
  { knowsRro }: MountFacts,
): string {
  if (nonRecursive || readonlyBelow === 'never') return 'ro'
  if (readonlyBelow === 'always' && !knowsRro)
    throw new EngineError(
      'invalid',
      `${destination}: this runtime cannot make what is mounted below it read-only: leave out bind-recursive=readonly`,
    )
  return knowsRro ? 'rro' : 'ro'
}

function sharedMemoryMount({ IpcMode }: HostConfig, { sharedMemory }: MountFacts): Mount[] {
  const source = IpcMode === 'host' ? '/dev/shm' : sharedMemory
  if (
    source === undefined ||
    (IpcMode !== 'host' && IpcMode !== 'shareable' && joined(IpcMode) === undefined)
  )
    return []
  return [{ destination: '/dev/shm', source, type: 'bind', options: ['rbind', 'rprivate'] }]
}

function tmpfsMounts({ Tmpfs, Mounts }: HostConfig, points: readonly MountPoint[]): Mount[] {
  const byFlag = Object.entries(Tmpfs ?? {}).map(([destination, options]) => {
    if (!posix.isAbsolute(destination))
      throw new EngineError('invalid', `invalid mount path: '${destination}' mount path must be absolute`)
    return tmpfs(destination, options.split(',').filter(Boolean))
  })
  const byMount = (Mounts ?? [])
    .filter(({ Type }) => Type === 'tmpfs')
    .map(({ Target, ReadOnly, TmpfsOptions }) =>
      tmpfs(Target ?? '', [
        ...(ReadOnly ? ['ro'] : []),
        ...(TmpfsOptions?.SizeBytes ? [`size=${TmpfsOptions.SizeBytes}`] : []),
        ...(TmpfsOptions?.Mode ? [`mode=${TmpfsOptions.Mode.toString(8)}`] : []),
        ...(TmpfsOptions?.Options ?? []).map((words) => words.join('=')),
      ]),
    )
  const named = new Set([...byFlag, ...byMount].map(({ destination }) => destination))
  const others = points.filter(({ type, destination }) => type === 'tmpfs' && !named.has(destination))
  return [
    ...byFlag,
    ...byMount,
    ...others.map(({ destination, mode }) => tmpfs(destination, mode.split(',').filter(Boolean))),
  ]
}

function tmpfs(destination: string, asked: readonly string[]): Mount {
  const options = mergeTmpfsOptions(['noexec', 'nosuid', 'nodev', 'rprivate', ...asked])
  return { destination, source: 'tmpfs', type: 'tmpfs', options }
}

const opposites: readonly (readonly [string, string])[] = [
  ['exec', 'noexec'],
  ['suid', 'nosuid'],
  ['dev', 'nodev'],
  ['ro', 'rw'],
  ['atime', 'noatime'],
  ['diratime', 'nodiratime'],
  ['relatime', 'norelatime'],
  ['strictatime', 'nostrictatime'],
  ['sync', 'async'],
]
const propagations = [
  'private',
  'rprivate',
  'shared',
  'rshared',
  'slave',
  'rslave',
  'unbindable',
  'runbindable',
]
const valued = ['size', 'mode', 'uid', 'gid', 'nr_inodes', 'nr_blocks', 'mpol']

/** Of two that contradict each other, the later. @throws EngineError `invalid` for what tmpfs does not know */
function mergeTmpfsOptions(options: readonly string[]): string[] {
  const kept = new Map<string, string>()
  for (const option of options) {
    const subject = subjectOf(option)
    if (subject === undefined) throw new EngineError('invalid', `invalid tmpfs option ["${option}"]`)
    kept.delete(subject)
    kept.set(subject, option)
  }
  return [...kept.values()]
}

/** What an option is about; undefined for one that tmpfs does not know. */
function subjectOf(option: string): string | undefined {
  const pair = opposites.find((one) => one.includes(option))
  if (pair) return pair[0]
  if (propagations.includes(option)) return 'propagation'
  const [name = ''] = option.split('=', 1)
  return option.includes('=') && valued.includes(name) ? name : undefined
}

/** For a mount to be shared with the host, or to follow it, the root above it has to be. */
function propagationOf(points: readonly MountPoint[]): NonNullable<Linux['rootfsPropagation']> | undefined {
  const all = points.map(({ propagation }) => propagation)
  if (all.some((one) => one === 'shared' || one === 'rshared')) return 'shared'
  if (all.some((one) => one === 'slave' || one === 'rslave')) return 'rslave'
  return undefined
}
