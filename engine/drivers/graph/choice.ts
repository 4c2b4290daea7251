// Which graph driver a data-root has. What was used there before stays in use: images are
// in one driver's form, and another would not see them. On a new root it is the first of
// the list that this kernel and this file system can do.
//
// Why the others were passed over is kept, for `info`.
//
// Next: engine/drivers/graph/mechanism.ts
import { mkdir, readdir, realpath, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Owners } from '../../archive/owners.ts'
import { EngineError, errorLine } from '../../errors.ts'
import { Btrfs } from './btrfs.ts'
import { DeviceMapper, sizesOf } from './devicemapper.ts'
import type { GraphDriver } from './driver.ts'
import { FuseOverlayfs } from './fuse-overlayfs.ts'
import { LayeredDriver } from './layered.ts'
import type { Mechanism } from './mechanism.ts'
import { Overlay2 } from './overlay2.ts'
import { Vfs } from './vfs.ts'

type Open = (home: string, options: readonly string[]) => Promise<Mechanism>

const drivers: Readonly<Record<string, Open>> = {
  overlay2: async (home) => new Overlay2(home),
  btrfs: async (home) => new Btrfs(home),
  'fuse-overlayfs': (home) => FuseOverlayfs.open(home),
  vfs: async (home) => new Vfs(home),
  devicemapper: async (home, options) => new DeviceMapper(home, sizesOf(options)),
}

/** Best first. devicemapper has to be asked for: it would fill a file of 100 GB, and be the slowest but for vfs. */
const order = ['overlay2', 'btrfs', 'fuse-overlayfs', 'vfs']

const gone: Readonly<Record<string, string>> = {
  aufs: 'aufs was a patch that distributions carried beside the kernel, never part of it, and is gone from theirs too. It was the first to look through several layers at once; overlay2 does the same with what came into the kernel instead',
  overlay:
    'the first overlay driver knew one layer below, and made up for more with hard links: overlay2 took its place',
}

export interface GraphDriverChoice {
  driver: GraphDriver
  /** One for every driver that was thought of. */
  reasons: { name: string; verdict: string }[]
}

/**
 * @param root the data-root; the driver keeps its things in <root>/<driver>/
 * @param name from the configuration; left out, the one that was used before, or the best
 * @param options as `storage-opts` in daemon.json has them: `dm.basesize=10G`
 * @param owners of the files, where containers have users of their own; always the same for one root
 * @throws EngineError `invalid` for a name that is none, `not-implemented` for one that is gone, `unavailable` with the reason when it cannot work here
 */
export async function openGraphDriver(
  root: string,
  name?: string,
  options: readonly string[] = [],
  owners?: Owners,
): Promise<GraphDriverChoice> {
  await mkdir(root, { recursive: true, mode: 0o711 })
  // Mounts are found again by their real paths.
  const base = await realpath(root)
  owners?.letPass(base)
  const open = async (one: string): Promise<GraphDriver> =>
    new LayeredDriver(await mechanism(base, one, options, owners), owners)
  if (name !== undefined)
    return { driver: await open(name), reasons: [{ name, verdict: 'named by the configuration' }] }
  const before = await usedBefore(base)
  if (before.length > 1)
    throw new EngineError(
      'conflict',
      `${root} has layers of several storage drivers, ${before.join(' and ')}: name the one to use`,
    )
  const [kept] = before
  if (kept !== undefined)
    return {
      driver: await open(kept),
      reasons: [{ name: kept, verdict: `there are layers of it in ${root}` }],
    }
  const reasons: { name: string; verdict: string }[] = []
  for (const one of order) {
    try {
      const driver = await open(one)
      reasons.push({ name: one, verdict: 'the best that works here' })
      return { driver, reasons }
    } catch (error) {
      // Programs say it in several lines.
      reasons.push({ name: one, verdict: errorLine(error).replace(/\s*\n\s*/g, '; ') })
    }
  }
  const all = reasons.map((one) => `${one.name}: ${one.verdict}`).join('; ')
  throw new EngineError('unavailable', `no storage driver works in ${root}: ${all}`)
}

async function mechanism(
  root: string,
  name: string,
  options: readonly string[],
  owners: Owners | undefined,
): Promise<Mechanism> {
  const reason = Object.hasOwn(gone, name) ? gone[name] : undefined
  if (reason !== undefined) throw new EngineError('not-implemented', reason)
  const open = Object.hasOwn(drivers, name) ? drivers[name] : undefined
  if (open === undefined)
    throw new EngineError(
      'invalid',
      `there is no storage driver ${name}: there are ${Object.keys(drivers).join(', ')}`,
    )
  const home = join(root, name)
  await mkdir(home, { recursive: true, mode: 0o710 })
  owners?.letPass(home)
  try {
    return await open(home, options)
  } catch (error) {
    // Of a driver that does not work here nothing stays.
    await rmdir(home).catch(() => {})
    throw error
  }
}

/** Drivers that have a layer in this root. */
async function usedBefore(root: string): Promise<string[]> {
  const found: string[] = []
  for (const name of Object.keys(drivers)) {
    const entries = await readdir(join(root, name), { withFileTypes: true }).catch(() => [])
    const layers = entries.filter((entry) => entry.isDirectory() && !/^(\..*|l|pool)$/.test(entry.name))
    if (layers.length > 0) found.push(name)
  }
  return found
}
