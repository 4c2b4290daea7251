// Volumes that are mounts: `volume create -o type=tmpfs -o device=tmpfs -o o=size=100m`.
// Mounted for the first container that uses them, and unmounted after the last: counted.
// A mount outlives the daemon, as its containers do, and the next daemon counts on: a
// second tmpfs at the same place would be another, empty one.
//
// Called by volume-store.ts.

import { EngineError } from '../../errors.ts'
import { commandWith } from '../../syscalls/command.ts'
import { MNT_DETACH } from '../../syscalls/flags.ts'
import { umount2 } from '../../syscalls/mount.ts'
import { readMountinfo } from '../../syscalls/mountinfo.ts'
import { Turns } from '../../turns.ts'

const known = ['type', 'device', 'o', 'size']

/** @throws EngineError `invalid`, before anything is made */
export function checkVolumeOptions(volume: string, options: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(options))
    if (!known.includes(name)) throw new EngineError('invalid', `create ${volume}: invalid option: "${name}"`)
  if (options.size !== undefined)
    throw new EngineError(
      'invalid',
      'a size needs a quota of the file system, which local volumes here do not set: use -o type=tmpfs -o device=tmpfs -o o=size=100m',
    )
  const missing = missingOption(options)
  if (missing !== undefined)
    throw new EngineError('invalid', `create ${volume}: missing required option: "${missing}"`)
}

function missingOption({ type, device, o }: Readonly<Record<string, string>>): string | undefined {
  if (device === undefined) return type === undefined && o === undefined ? undefined : 'device'
  return type === undefined ? 'type' : undefined
}

export class VolumeMounts {
  readonly #users = new Map<string, number>()
  readonly #turns = new Turns()

  /** @param target the volume's directory */
  async acquire(target: string, { type, device, o }: Readonly<Record<string, string>>): Promise<void> {
    if (type === undefined || device === undefined) return
    // A server that is not there takes minutes: they are those of this volume's users alone.
    await this.#turns.take(target, async () => {
      if (!isMounted(target)) await mountVolume(target, type, device, o)
      this.#users.set(target, (this.#users.get(target) ?? 0) + 1)
    })
  }

  /** An earlier daemon has mounted it for so many uses of containers that run; or it is no mount, and the number means nothing. */
  takeOver(target: string, users: number): void {
    if (users === 0) this.forget(target)
    else this.#users.set(target, users)
  }

  release(target: string): void {
    const users = this.#users.get(target) ?? 0
    if (users > 1) {
      this.#users.set(target, users - 1)
      return
    }
    this.#users.delete(target)
    if (users === 1 && isMounted(target)) umount2(target, MNT_DETACH)
  }

  /** Nobody uses it any more, whatever we counted. */
  forget(target: string): void {
    this.#users.delete(target)
    while (isMounted(target)) umount2(target, MNT_DETACH)
  }
}

/** mount(8), and not mount(2): it knows which options are flags, and speaks to NFS servers. */
async function mountVolume(target: string, type: string, device: string, o = ''): Promise<void> {
  const options = o === '' ? [] : ['-o', o]
  try {
    const kind = type === 'none' || type === 'bind' ? (o === '' ? ['--bind'] : []) : ['-t', type]
    await commandWith('mount', [...kind, ...options, '--', device, target], '')
  } catch (cause) {
    const what = `failed to mount local volume: mount ${device}:${target}`
    throw new EngineError('invalid', `error while mounting volume '${target}': ${what}`, { cause })
  }
}

function isMounted(target: string): boolean {
  return readMountinfo().some(({ where }) => where === target)
}
