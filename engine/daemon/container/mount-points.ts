// What of the host a container sees, as it was asked for: `-v`, `--mount`, `--volumes-from`
// and the VOLUMEs of its image, one list in the end. Pure, but for volumes that it names:
// those are asked for by `volume`, which makes them.
//
//   -v /host/dir:/srv:ro    a bind
//   -v data:/srv            a volume with a name
//   -v /srv, VOLUME /srv    a volume without one
//
// One destination, one mount: what was asked for by --mount or -v stands before what comes
// from another container, and that before the image's.
//
// Next: engine/daemon/container/launch.ts
import { existsSync } from 'node:fs'
import { posix } from 'node:path'
import type { ContainerConfig } from '../../api/container-config.ts'
import type { HostConfig } from '../../api/host-config.ts'
import { EngineError } from '../../errors.ts'
import type { ContainerRecord, MountPoint } from './record.ts'

/** Makes a volume, or finds it. @returns its name and its directory */
export type VolumeFor = (wanted: {
  name?: string
  driver?: string
  options?: Record<string, string>
  labels?: Record<string, string>
}) => Promise<{ name: string; directory: string }>

export interface MountPlan {
  points: MountPoint[]
  /** Destinations whose volumes take what the image has there, while they are empty. */
  copyUp: string[]
}

const propagations = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave']

/** @throws EngineError `invalid`, in Docker's words where it has some */
export async function planMounts(
  config: ContainerConfig,
  hostConfig: HostConfig,
  volume: VolumeFor,
  find: (container: string) => ContainerRecord,
): Promise<MountPlan> {
  const plan = new Plan()
  for (const text of hostConfig.VolumesFrom ?? []) plan.inherit(text, find)
  for (const text of hostConfig.Binds ?? []) await plan.bind(text, hostConfig, volume)
  for (const mount of hostConfig.Mounts ?? []) await plan.mount(mount, volume)
  for (const destination of Object.keys(hostConfig.Tmpfs ?? {})) plan.tmpfs(destination)
  for (const destination of Object.keys(config.Volumes ?? {}))
    await plan.anonymous(destination, hostConfig, volume)
  return plan.result()
}

class Plan {
  readonly #points = new Map<string, MountPoint>()
  readonly #asked = new Set<string>()
  readonly #copyUp = new Set<string>()

  result(): MountPlan {
    return { points: [...this.#points.values()], copyUp: [...this.#copyUp] }
  }

  /** `web`, `web:ro`. */
  inherit(text: string, find: (container: string) => ContainerRecord): void {
    const [name = '', mode = ''] = text.split(':')
    if (!['', 'ro', 'rw', 'z', 'Z'].includes(mode)) throw new EngineError('invalid', `invalid mode: ${mode}`)
    for (const point of find(name).mountPoints)
      this.#points.set(point.destination, {
        ...{ ...point, mode: '' },
        ...(mode === 'ro' ? { writable: false } : {}),
      })
  }

  /** `[source:]target[:options]`. */
  async bind(text: string, { VolumeDriver }: HostConfig, volume: VolumeFor): Promise<void> {
    const parts = text.split(':')
    const [first = '', second, mode = ''] = parts
    if (parts.length > 3 || text === '') throw invalid(text, 'invalid volume specification')
    const [source, target] = second === undefined ? ['', first] : [first, second]
    const words = mode.split(',').filter(Boolean)
    const unknown = words.find(
      (word) =>
        !['ro', 'rw', 'z', 'Z', 'nocopy', 'cached', 'delegated', 'consistent', ...propagations].includes(
          word,
        ),
    )
    if (unknown !== undefined || contradicts(words)) throw invalid(text, `invalid mode: ${mode}`)
    const destination = this.#claim(target, text, source.startsWith('/') ? 'bind' : 'volume')
    const writable = !words.includes('ro')
    const propagation = words.find((word) => propagations.includes(word)) ?? ''
    if (source.startsWith('/')) {
      this.#points.set(destination, {
        ...{ type: 'bind' as const, source: posix.normalize(source), destination, mode, writable },
        propagation: propagation || 'rprivate',
      })
      return
    }
    if (propagation !== '') throw invalid(text, `invalid mode: ${mode}`)
    const { name, directory } = await volume({
      ...(source === '' ? {} : { name: source }),
      ...(VolumeDriver ? { driver: VolumeDriver } : {}),
    })
    if (!words.includes('nocopy')) this.#copyUp.add(destination)
    this.#points.set(destination, volumePoint(name, directory, destination, mode || 'z', writable))
  }

  async mount(
    mount: NonNullable<NonNullable<HostConfig['Mounts']>[number]>,
    volume: VolumeFor,
  ): Promise<void> {
    const { Type, Source, Target, ReadOnly, BindOptions, VolumeOptions } = mount
    if (!Target)
      throw new EngineError(
        'invalid',
        `invalid mount config for type "${Type}": field Target must not be empty`,
      )
    if (!['bind', 'volume', 'tmpfs'].includes(Type))
      throw new EngineError('invalid', `invalid mount config for type "${Type}": mount type unknown`)
    const destination = this.#claim(Target, Target, Type)
    const writable = !ReadOnly
    if (Type === 'tmpfs') {
      if (Source)
        throw new EngineError(
          'invalid',
          'invalid mount config for type "tmpfs": field Source must not be specified',
        )
      this.#points.set(destination, {
        type: 'tmpfs',
        source: '',
        destination,
        mode: '',
        writable,
        propagation: '',
      })
      return
    }
    if (Type === 'bind') {
      if (!Source)
        throw new EngineError(
          'invalid',
          'invalid mount config for type "bind": field Source must not be empty',
        )
      if (!Source.startsWith('/'))
        throw new EngineError(
          'invalid',
          `invalid mount config for type "bind": invalid mount path: '${Source}' mount path must be absolute`,
        )
      // -v makes what is not there, --mount does not.
      if (!existsSync(Source) && !BindOptions?.CreateMountpoint)
        throw new EngineError(
          'invalid',
          `invalid mount config for type "bind": bind source path does not exist: ${Source}`,
        )
      this.#points.set(destination, {
        ...{ type: 'bind' as const, source: posix.normalize(Source), destination, mode: '', writable },
        propagation: BindOptions?.Propagation || 'rprivate',
        ...(BindOptions?.NonRecursive ? { nonRecursive: true } : {}),
        ...readonlyBelow(mount),
      })
      return
    }
    const { DriverConfig, Labels, NoCopy, Subpath } = VolumeOptions ?? {}
    const { name, directory } = await volume({
      ...(Source ? { name: Source } : {}),
      ...(DriverConfig?.Name ? { driver: DriverConfig.Name } : {}),
      ...(DriverConfig?.Options ? { options: DriverConfig.Options } : {}),
      ...(Labels ? { labels: Labels } : {}),
    })
    if (!NoCopy && !Subpath) this.#copyUp.add(destination)
    const source = Subpath ? inside(directory, Subpath) : directory
    this.#points.set(destination, volumePoint(name, source, destination, 'z', writable))
  }

  /** `--tmpfs`: nothing of the host, but a place that is taken. */
  tmpfs(destination: string): void {
    if (this.#asked.has(destination))
      throw new EngineError('invalid', `Duplicate mount point: ${destination}`)
  }

  /** A VOLUME of the image, or `-v /srv`, unless something is mounted there already. */
  async anonymous(target: string, { VolumeDriver }: HostConfig, volume: VolumeFor): Promise<void> {
    const destination = clean(target, target, 'volume')
    if (this.#points.has(destination)) return
    const { name, directory } = await volume(VolumeDriver ? { driver: VolumeDriver } : {})
    this.#copyUp.add(destination)
    this.#points.set(destination, volumePoint(name, directory, destination, '', true))
  }

  #claim(target: string, text: string, type: string | undefined): string {
    const destination = clean(target, text, type)
    if (this.#asked.has(destination))
      throw new EngineError('invalid', `Duplicate mount point: ${destination}`)
    this.#asked.add(destination)
    return destination
  }
}

/** `bind-recursive=writable` and `=readonly`. @throws EngineError `invalid`, in Docker's words */
function readonlyBelow({
  ReadOnly,
  BindOptions,
}: NonNullable<HostConfig['Mounts']>[number]): Pick<MountPoint, 'readonlyBelow'> {
  const { ReadOnlyNonRecursive, ReadOnlyForceRecursive } = BindOptions ?? {}
  if (ReadOnlyNonRecursive && ReadOnlyForceRecursive)
    throw new EngineError('invalid', 'mount options conflict: ReadOnlyNonRecursive && ReadOnlyForceRecursive')
  if (ReadOnlyForceRecursive && !ReadOnly)
    throw new EngineError(
      'invalid',
      'option ReadOnlyForceRecursive requires ReadOnly to be specified in conjunction',
    )
  if (ReadOnlyForceRecursive) return { readonlyBelow: 'always' }
  return ReadOnlyNonRecursive ? { readonlyBelow: 'never' } : {}
}

/** Of two that exclude each other, nobody knows which was meant. */
function contradicts(words: readonly string[]): boolean {
  return [['ro', 'rw'], ['z', 'Z'], propagations].some(
    (kind) => words.filter((word) => kind.includes(word)).length > 1,
  )
}

function volumePoint(
  name: string,
  source: string,
  destination: string,
  mode: string,
  writable: boolean,
): MountPoint {
  return { type: 'volume', name, driver: 'local', source, destination, mode, writable, propagation: '' }
}

function clean(target: string, text: string, type = 'volume'): string {
  const config = `invalid mount config for type "${type}": `
  if (!target.startsWith('/'))
    throw invalid(text, `${config}invalid mount path: '${target}' mount path must be absolute`)
  const destination = posix.normalize(target).replace(/(.)\/$/, '$1')
  if (destination === '/') throw invalid(text, `${config}invalid specification: destination can't be '/'`)
  return destination
}

function inside(directory: string, path: string): string {
  const joined = posix.join(directory, path)
  if (!joined.startsWith(`${directory}/`))
    throw new EngineError('invalid', `subpath ${path} leads out of its volume`)
  return joined
}

function invalid(text: string, reason: string): EngineError {
  return new EngineError(
    'invalid',
    reason.startsWith('invalid mode') ? reason : `invalid volume specification: '${text}': ${reason}`,
  )
}
