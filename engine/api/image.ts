// Images in Docker's API: what `images`, `inspect`, `history`, `rmi` and `prune` answer.
//
// Field names and types are Docker's: https://docs.docker.com/reference/api/engine/
// (Image). Filled by graph/images.ts and its neighbours, drawn by cli/.

export interface ImageSummary {
  /** `sha256:…`, of the config. */
  Id: string
  /** Empty when it was not committed here. */
  ParentId: string
  /** `busybox:latest`. */
  RepoTags: string[]
  /** `busybox@sha256:…`. */
  RepoDigests: string[]
  /** Seconds since the epoch. */
  Created: number
  /** Bytes of all its layers, unpacked. */
  Size: number
  /** Bytes of those that other images have, too; -1 when nobody asked. */
  SharedSize: number
  Labels: Record<string, string> | null
  /** How many use it; -1 when nobody asked. */
  Containers: number
}

export interface ImageInspect {
  Id: string
  RepoTags: string[]
  RepoDigests: string[]
  Parent: string
  Comment: string
  /** RFC 3339, as the config says it. */
  Created: string
  DockerVersion: string
  Author: string
  /** The config's `config`, as it is, unknown fields included. */
  Config: Record<string, unknown> | null
  Architecture: string
  Variant?: string
  Os: string
  OsVersion?: string
  /** Bytes of all its layers, unpacked. */
  Size: number
  GraphDriver: { Name: string; Data: Record<string, string> | null }
  RootFS: { Type: 'layers'; Layers: string[] }
  Metadata: { LastTagTime: string }
}

/** The newest first. */
export interface HistoryResponseItem {
  /** `<missing>` for steps whose image is not here: all but the first, mostly. */
  Id: string
  /** Seconds since the epoch. */
  Created: number
  CreatedBy: string
  Tags: string[] | null
  /** Bytes of the layer that the step made. */
  Size: number
  Comment: string
}

/** One of the two: a name that was taken away, or an image or layer that is gone. */
export type ImageDeleteResponseItem = { Untagged: string } | { Deleted: string }

export interface ImagesPruneReport {
  ImagesDeleted: ImageDeleteResponseItem[] | null
  /** Bytes. */
  SpaceReclaimed: number
}
