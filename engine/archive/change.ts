// How two directory trees differ: what `docker diff` prints.

/** A was added, C changed in content or in what its inode says, D is gone. */
export type ChangeKind = 'A' | 'C' | 'D'

export interface Change {
  kind: ChangeKind
  /** Absolute inside the tree: `/etc/hosts`. */
  path: string
}
