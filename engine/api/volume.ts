// Volumes in Docker's API. Field names and types are Docker's:
// https://docs.docker.com/reference/api/engine/ (Volume).

export interface Volume {
  Name: string
  Driver: 'local'
  Mountpoint: string
  /** RFC 3339. */
  CreatedAt: string
  Labels: Record<string, string> | null
  Scope: 'local'
  Options: Record<string, string> | null
  /** Bytes, and how many containers use it; only where somebody asked (system df). */
  UsageData?: { Size: number; RefCount: number }
}

export interface VolumeListResponse {
  Volumes: Volume[]
  Warnings: string[] | null
}

export interface VolumesPruneReport {
  VolumesDeleted: string[] | null
  /** Bytes. */
  SpaceReclaimed: number
}
