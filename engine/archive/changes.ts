// What changed: the list that `docker diff` prints, and that a commit archives.
//
// Two ways to find out. Where a layer is a whole copy (vfs, btrfs, devicemapper), both
// trees are walked side by side. An overlay has the answer on disk: whatever is in the
// upper directory changed.
//
// Content is never read. A file whose size, time, mode, owner, device, attributes and
// target are the parent's is the same, as for Docker, rsync and make. A directory's size
// and time change with what is in it, so they say nothing; but it is listed as changed
// when something in it is, since an archive of the changes needs its owner and mode.
//
// Next: engine/archive/lower-stack.ts
import { closeSync } from 'node:fs'
import { isPortable } from './attributes.ts'
import type { Change, ChangeKind } from './change.ts'
import { LowerStack } from './lower-stack.ts'
import { fileIn, namesIn, openTree, type TreeFile, unlessGone } from './tree-walk.ts'
import { isOpaque, isWhiteoutDevice, type OverlayStyle } from './whiteout.ts'

/**
 * Walks both trees.
 * @param parent left out, everything was added
 * @returns sorted by path
 */
export function compareTrees(tree: string, parent: string | undefined): Change[] {
  const changes: Change[] = []
  withOpen([tree, ...(parent === undefined ? [] : [parent])], ([now, before]) => {
    if (now !== undefined) compareDirectories(now, before, '', changes)
  })
  return sorted(changes)
}

function compareDirectories(
  now: number,
  before: number | undefined,
  prefix: string,
  changes: Change[],
): void {
  const gone = new Set(before === undefined ? [] : namesIn(before))
  for (const name of namesIn(now)) {
    const file = fileIn(now, name, prefix)
    if (file === undefined) continue
    const old = before !== undefined && gone.delete(name) ? fileIn(before, name, prefix) : undefined
    // One that is gone by now is different enough.
    const isSame = old !== undefined && unlessGone(() => !isDifferent(file, old))
    const kind = old === undefined ? 'A' : isSame ? undefined : 'C'
    withChildren(file, kind, changes, (fd) => {
      if (old?.type !== 'directory') return compareDirectories(fd, undefined, `${file.path}/`, changes)
      const oldFd = old.open()
      try {
        compareDirectories(fd, oldFd, `${file.path}/`, changes)
      } finally {
        closeSync(oldFd)
      }
    })
  }
  for (const name of gone) add(changes, 'D', prefix + name)
}

/**
 * Reads an overlay's upper directory.
 * @param lowers what it lies on, the topmost first
 * @returns sorted by path
 */
export function changesOfUpper(
  upper: string,
  lowers: readonly string[],
  style: OverlayStyle = 'overlay',
): Change[] {
  const changes: Change[] = []
  withOpen([upper, ...lowers], ([now, ...below]) => {
    if (now !== undefined) upperDirectory(now, new LowerStack(below, style), false, '', changes)
  })
  return sorted(changes)
}

function upperDirectory(
  now: number,
  below: LowerStack,
  opaque: boolean,
  prefix: string,
  changes: Change[],
): void {
  const style = below.style
  // An opaque directory hides all that it does not have itself.
  const hidden = new Set(opaque ? below.names() : [])
  for (const name of namesIn(now)) {
    const file = fileIn(now, name, prefix)
    if (file === undefined) continue
    hidden.delete(name)
    const old = below.find(name, prefix)
    if (isWhiteoutDevice(file.info)) {
      if (old !== undefined) add(changes, 'D', file.path)
      continue
    }
    const found = unlessGone(() => ({
      sameDirectory: file.type === 'directory' && old?.type === 'directory' && !isDifferent(file, old),
      hides: file.type === 'directory' && isOpaque(file.xattrs(), style),
    }))
    // Its container has deleted it meanwhile.
    if (found === undefined) continue
    const { sameDirectory, hides } = found
    const kind = old === undefined ? 'A' : sameDirectory && !hides ? undefined : 'C'
    withChildren(file, kind, changes, (fd) => {
      using inside = below.enter(name, prefix)
      upperDirectory(fd, inside, hides, `${file.path}/`, changes)
    })
  }
  for (const name of hidden) add(changes, 'D', prefix + name)
}

/** Adds a file, and what is in it; a directory that is itself as before, only when something in it is not. */
function withChildren(
  file: TreeFile,
  kind: ChangeKind | undefined,
  changes: Change[],
  visit: (fd: number) => void,
): void {
  if (kind !== undefined) add(changes, kind, file.path)
  if (file.type !== 'directory') return
  const count = changes.length
  const fd = unlessGone(() => file.open())
  if (fd === undefined) return
  try {
    visit(fd)
  } finally {
    closeSync(fd)
  }
  if (kind === undefined && changes.length > count) add(changes, 'C', file.path)
}

function isDifferent(a: TreeFile, b: TreeFile): boolean {
  const [x, y] = [a.info, b.info]
  if (x.mode !== y.mode || x.uid !== y.uid || x.gid !== y.gid || x.rdev !== y.rdev) return true
  if (a.type !== 'directory' && (x.size !== y.size || x.mtimeNs !== y.mtimeNs)) return true
  if (a.type === 'symlink') return a.target() !== b.target()
  return (a.type === 'file' || a.type === 'directory') && attributesOf(a) !== attributesOf(b)
}

/** Capabilities, above all: they are no part of mode or content. */
function attributesOf(file: TreeFile): string {
  const portable = [...file.xattrs()].filter(([name]) => isPortable(name))
  return portable.map(([name, value]) => `${name}=${value.toString('hex')}`).join()
}

function add(changes: Change[], kind: ChangeKind, path: string): void {
  changes.push({ kind, path: `/${path}` })
}

function sorted(changes: Change[]): Change[] {
  return changes.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
}

function withOpen(roots: readonly string[], work: (fds: readonly number[]) => void): void {
  const fds: number[] = []
  try {
    for (const root of roots) fds.push(openTree(root))
    work(fds)
  } finally {
    for (const fd of fds) closeSync(fd)
  }
}
