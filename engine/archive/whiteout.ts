// How a layer says "this file is gone": whiteouts, in two spellings.
//
// A layer is the difference to the layers below it. What it adds and changes is simply
// there. For what it deletes there must be something that means "nothing".
//
//   in an archive (AUFS's spelling, which Docker and OCI kept when AUFS went)
//     etc/.wh.passwd       an empty file: etc/passwd of the layers below is gone
//     etc/.wh..wh..opq     an empty file: everything in etc of the layers below is gone,
//                          only what this layer has there is seen ("opaque")
//     .wh..wh.plnk, …      AUFS's own bookkeeping: passed over
//
//   on disk, for the kernel's overlay
//     etc/passwd           a character device 0:0
//     etc                  has the attribute trusted.overlay.opaque=y
//
// trusted.* is for root of the initial user namespace. In another one, the kernel (since
// 5.11, mount option userxattr) and fuse-overlayfs take user.overlay.opaque=y; and since
// 5.8 the device 0:0 can be made there, too, since nobody can do anything with it.
// fuse-overlayfs also writes files called `.wh.passwd` itself where it can make no device.
//
// Two things follow. A file that is really called `.wh.x` cannot be in a layer; pack.ts
// leaves it out, or somebody in a container could delete files of other layers. And a
// device 0:0 in an archive is a whiteout in a wrong spelling; unpack.ts refuses it.
//
// A whiteout hides what is *below* its layer, never what the same layer has, whichever
// of the two comes first in the archive.
//
// https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts
// https://docs.kernel.org/filesystems/overlayfs.html#whiteouts-and-opaque-directories
// Next: engine/archive/unpack.ts
import type { BigIntStats } from 'node:fs'
import { EngineError } from '../errors.ts'
import { badArchive, show } from './tar-entry.ts'

/**
 * How whiteouts of an archive are written to disk. `apply` deletes in the target (vfs,
 * btrfs, devicemapper: the target is a copy of the parent); `overlay` and `overlay-user`
 * make what the kernel's overlay and, in a user namespace, it or fuse-overlayfs reads;
 * `none` takes the names literally.
 */
export type WhiteoutStyle = 'apply' | 'overlay' | 'overlay-user' | 'none'

const prefix = '.wh.'
const metadataPrefix = '.wh..wh.'
export const opaqueName = '.wh..wh..opq'

export type Whiteout =
  | { kind: 'file'; name: string }
  | { kind: 'opaque' }
  /** Of AUFS itself: nothing for us. */
  | { kind: 'metadata' }

/** What a path of an archive says. @returns undefined for a file like any other @throws EngineError `invalid` */
export function readWhiteout(parts: readonly string[]): Whiteout | undefined {
  const last = parts.at(-1) ?? ''
  if (parts.some((part) => part.startsWith(metadataPrefix) && part !== opaqueName))
    return { kind: 'metadata' }
  const strange = parts.slice(0, -1).some((part) => part.startsWith(prefix))
  if (last === opaqueName && !strange) return { kind: 'opaque' }
  if (!last.startsWith(prefix) && !strange) return undefined
  const name = last.slice(prefix.length)
  if (strange || name === '' || name === '.' || name === '..')
    throw badArchive(`${show(parts.join('/'))} is a whiteout of nothing that can be`)
  return { kind: 'file', name }
}

/** The name that an archive has for it. */
export function whiteoutName(name: string): string {
  return prefix + name
}

/** Would this file's name mean a deletion? */
export function looksLikeWhiteout(name: string): boolean {
  return name.startsWith(prefix)
}

export type OverlayStyle = 'overlay' | 'overlay-user'

export function opaqueAttribute(style: OverlayStyle): string {
  return style === 'overlay' ? 'trusted.overlay.opaque' : 'user.overlay.opaque'
}

/**
 * With the mount options redirect_dir and metacopy an upper directory does not hold what
 * it shows, but says in which layer it is: that cannot be packed. The drivers turn both off.
 * @throws EngineError `unavailable`
 */
export function refuseReference(path: string, xattrs: ReadonlyMap<string, Buffer>): void {
  for (const name of xattrs.keys())
    if (/^(trusted|user)\.overlay\.(redirect|metacopy)$/.test(name))
      throw new EngineError(
        'unavailable',
        `${show(path)} has ${name}: mount the layers with redirect_dir=off,metacopy=off`,
      )
}

/** Those of an overlay, which say where files of a layer are to be found: none of an image's business. */
export function isOverlayAttribute(name: string): boolean {
  return /^(trusted|user)\.overlay\.|^user\.fuseoverlayfs\./.test(name)
}

/** On disk, in an overlay's upper directory: does it stand for a deleted file? */
export function isWhiteoutDevice(info: BigIntStats): boolean {
  return info.isCharacterDevice() && info.rdev === 0n
}

/** And does this directory hide what is below it? */
export function isOpaque(xattrs: ReadonlyMap<string, Buffer>, style: OverlayStyle): boolean {
  const names =
    style === 'overlay'
      ? [opaqueAttribute(style)]
      : [opaqueAttribute(style), opaqueAttribute('overlay'), 'user.fuseoverlayfs.opaque']
  return names.some((name) => xattrs.get(name)?.toString() === 'y')
}
