// What a graph driver is: the thing that makes a directory out of a stack of layers.
//
// An image is a list of layers, each the difference to the one below it. A container
// is one more layer, which alone is written to. How the stack becomes one directory
// tree is the driver's secret: overlay2 asks the kernel to look through all of them,
// btrfs and devicemapper make a snapshot, vfs simply copies everything.
//
//   container c1   [ rw    ] ── what c1 wrote        createReadWrite('c1', 'b')
//                  [ layer b ] ── ro                  create('b', 'a'); applyDiff('b', tar)
//                  [ layer a ] ── ro, no parent       create('a'); applyDiff('a', tar)
//
// Words, as Docker's graphdriver has them:
//   layer     a directory tree with an id, made on top of a parent or of nothing
//   diff      what a layer changes, as a tar archive: files, and whiteouts for what it
//             deletes (archive/whiteout.ts)
//   get, put  "I need the tree as a directory" and "I do not need it any more". They are
//             counted: the last put unmounts.
//
// The driver knows ids and parents and nothing of images, digests and references: those
// are the graph's (graph/layers.ts), which hands in ids that it made up, and calls
// nothing twice at the same time for one id.
//
// All or nothing: a verb that throws has left no mount, no device and no directory. A
// process may be killed at any instruction all the same; whoever opens the driver next
// calls cleanup() before anything else, and remove() for every id of list() that it does
// not know.
//
// A worked example, an image of two layers and a container:
//
//   await driver.create('a')
//   await driver.applyDiff('a', tarOfBase)
//   await driver.create('b', 'a')
//   await driver.applyDiff('b', tarOfUpper)
//   await driver.createReadWrite('c1', 'b')
//   const rootfs = await driver.get('c1')      // a directory; run something in it
//   await driver.put('c1')
//   driver.changes('c1')                       // docker diff
//   driver.diff('c1')                          // docker commit
//   await driver.remove('c1')
//
// A container's layer may become a parent, as Docker's own "init" layer does; from then on
// nobody writes to it.
//
// What every driver does alike is done once, in layered.ts; what each does in its own way
// is its mechanism:
//
//                    a new layer is        a byte changed in 500 MB   what changed is
//   overlay2         an empty directory    copies the file            in that directory
//   btrfs            a snapshot            blocks of 4 kB             found by comparing
//   devicemapper     a snapshot            blocks of 64 kB            found by comparing
//   fuse-overlayfs   an empty directory    copies the file            in that directory
//   vfs              a copy of everything  nothing more               found by comparing
//
// test/bench/graph-drivers.ts measures it. One suite holds every driver to all of this:
// test/suites/graph-driver.ts.
//
// Next: engine/drivers/graph/choice.ts
import type { Readable } from 'node:stream'
import type { Change } from '../../archive/change.ts'
import type { ArchiveLimits } from '../../archive/limits.ts'
import type { Owners } from '../../archive/owners.ts'

/** The ids are the caller's: 1 to 128 letters, digits, `-` and `_`. */
export interface GraphDriver {
  /** `overlay2`, `vfs`, … */
  readonly name: string

  /** Whose the files of its trees are, where containers have users of their own: archives of layers say 0 for their root. */
  readonly owners?: Owners | undefined

  /** A layer on top of `parent` that is about to be filled by applyDiff(), and never written afterwards. @throws EngineError `not-found` without that parent, `conflict` when the id is taken */
  create(id: string, parent?: string): Promise<void>

  /** A layer that a container will write into. */
  createReadWrite(id: string, parent?: string): Promise<void>

  /**
   * Unpacks an archive into a layer that create() has made and nobody has used yet.
   * @param tar not compressed; read to its end, or destroyed. Not the stdout of a child process as it is: Node throws away what nobody has read when the child ends, so pipe it through a PassThrough
   * @returns bytes of the files' content
   * @throws EngineError `invalid` for an archive that is broken, hostile or over the limits; the layer is then only good for remove()
   */
  applyDiff(id: string, tar: Readable, limits?: ArchiveLimits): Promise<number>

  /** What the layer changes, relative to its parent, as an archive; destroying the stream ends the work. */
  diff(id: string): Promise<Readable>

  /** The same as a list, sorted by path: what `docker diff` prints. */
  changes(id: string): Promise<Change[]>

  /** Bytes of the files that diff() would hold. */
  diffSize(id: string): Promise<number>

  /**
   * The whole tree as a directory, until put(). A layer of create() is mounted read-only where the driver can.
   * @param once it is written to now and never again, by whom does not mind to do it over after a power cut: put()
   *   need not wait for the disk
   */
  get(id: string, once?: boolean): Promise<string>

  put(id: string): Promise<void>

  /** Gone for good; nothing when there is no such layer. @throws EngineError `conflict` while it is in use by get(), or is the parent of another */
  remove(id: string): Promise<void>

  exists(id: string): Promise<boolean>

  /** Every id there is, half-made ones, too. */
  list(): Promise<string[]>

  /** For `inspect`, as Docker names them: LowerDir, UpperDir, WorkDir, MergedDir; DeviceName. */
  metadata(id: string): Promise<Record<string, string>>

  /** For `info`: `Backing Filesystem: extfs`, … */
  status(): Promise<readonly (readonly [name: string, value: string])[]>

  /**
   * Takes away what a process before this one left: its mounts, its half-made layers' temporary files.
   * @param kept ids of layers that somebody still works in, as containers do that outlived their daemon
   * @returns those of them that are still mounted: they stay so, and are in use, as by get()
   */
  cleanup(kept?: readonly string[]): Promise<string[]>

  /** Somebody works in it beyond our end: close() does not unmount it, and the next process's cleanup() can have it. */
  leave(id: string): void

  /** Unmounts whatever is mounted and lets go of devices; the layers stay. No verb may be called afterwards. */
  close(): Promise<void>
}
