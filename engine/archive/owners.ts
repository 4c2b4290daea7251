// Whose files are, when containers have users of their own: `userns-remap`.
//
// Root of such a container is, say, user 100000 of the host. A layer's archive says 0 all
// the same, as on every machine; so owners are shifted where an archive becomes files, and
// shifted back where files become an archive:
//
//     archive              on disk                  in the container
//     0:0        unpack    100000:100000  uid_map   0:0
//     1000:1000    ─>      101000:101000    ─>      1000:1000
//                  <─
//                pack
//
// Everything between, a graph driver's tree, a volume, the copy of one, has the shifted
// owners, and nothing of it has to know. An image's digests are of archives: they are the
// same as on a daemon that maps nobody.
//
// Rejected: files as the archive says, shown shifted by an idmapped mount
// (mount_setattr(2)). It would spare the second copy of each image, but not every driver
// can have it: an overlay cannot be mapped itself (EINVAL, Linux 6.18), so each of its
// layers would need a mapped mount of its own, before each start; FUSE needs Linux 6.12 and
// a server that agrees; and what the daemon then sees of a container that runs, for
// `docker cp`, is shifted anyway.
//
// Called by unpack.ts and pack.ts; made by engine/daemon/userns-remap.ts.
import { chmodSync, lchownSync } from 'node:fs'
import { givenByAnyRoot } from './file-capability.ts'
import type { PathBytes } from './name.ts'
import { badArchive, show, type TarEntry } from './tar-entry.ts'

/** A line of uid_map, user_namespaces(7). */
interface IdRange {
  containerID: number
  hostID: number
  size: number
}

interface Ids {
  uid: number
  gid: number
}

export class Owners {
  readonly uids: IdRange[]
  readonly gids: IdRange[]
  /** Root of the containers, as the host numbers it. */
  readonly root: Ids

  /** @param uids, gids one of either maps 0 */
  constructor(uids: IdRange[], gids: IdRange[]) {
    this.uids = uids
    this.gids = gids
    const [uid, gid] = [toHost(uids, 0), toHost(gids, 0)]
    if (uid === undefined || gid === undefined) throw new Error('these ranges have no root')
    this.root = { uid, gid }
  }

  /** @throws EngineError `invalid` for somebody who is not in the ranges */
  onDisk({ uid, gid, name }: Ids & { name: string }): Ids {
    const [user, group] = [toHost(this.uids, uid), toHost(this.gids, gid)]
    if (user === undefined || group === undefined)
      throw badArchive(
        `${show(name)} belongs to ${uid}:${gid}, who is not in the range of userns-remap: give it a larger one in /etc/sub${user === undefined ? 'u' : 'g'}id`,
      )
    return { uid: user, gid: group }
  }

  /** Who is in no range is the host's own, as what a container of `--userns=host` writes: he keeps his number. */
  inArchive({ uid, gid, xattrs }: Pick<TarEntry, 'uid' | 'gid' | 'xattrs'>): Partial<TarEntry> {
    return {
      uid: toContainer(this.uids, uid),
      gid: toContainer(this.gids, gid),
      xattrs: givenByAnyRoot(xattrs),
    }
  }

  /** Something that the daemon has made is root's of the containers. */
  give(path: PathBytes): void {
    lchownSync(path, this.root.uid, this.root.gid)
  }

  /** A directory of the daemon's: containers' root may pass, with what he is allowed below, and look at nothing. Nobody else on this machine may. */
  letPass(directory: string): void {
    lchownSync(directory, 0, this.root.gid)
    chmodSync(directory, 0o710)
  }
}

function toHost(ranges: readonly IdRange[], id: number): number | undefined {
  const range = ranges.find(({ containerID, size }) => id >= containerID && id < containerID + size)
  return range && range.hostID + id - range.containerID
}

function toContainer(ranges: readonly IdRange[], id: number): number {
  const range = ranges.find(({ hostID, size }) => id >= hostID && id < hostID + size)
  return range ? range.containerID + id - range.hostID : id
}
