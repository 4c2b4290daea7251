// How much an archive may be: a few kilobytes of gzip can hold terabytes of zeros.

export interface ArchiveLimits {
  /** Bytes of all files' content together. */
  bytes: number
  /** Files, directories, links, devices. */
  entries: number
}

/** Far above any image that is meant well. */
export const defaultLimits: ArchiveLimits = { bytes: 64 * 2 ** 30, entries: 4_000_000 }
