// How far a layer has come, told often enough to look alive and seldom enough to cost nothing.
import type { OnProgress } from '../api/progress.ts'
import { shortDigest } from '../graph/digest.ts'

/** Milliseconds between two messages about one layer. */
const interval = 100

/** What is told of one layer. */
export interface LayerProgress {
  /** `Pull complete`, `Layer already exists`. */
  say(status: string): void
  /** Bytes that are done, of all: `Downloading`, `Extracting`, `Pushing`. */
  count(status: string, current: number, total: number): void
}

export function layerProgress(digest: string, onProgress: OnProgress | undefined): LayerProgress {
  const id = shortDigest(digest)
  let last = { status: '', at: 0 }
  return {
    say: (status) => onProgress?.({ id, status }),
    count: (status, current, total) => {
      const now = performance.now()
      if (status === last.status && current < total && now - last.at < interval) return
      last = { status, at: now }
      onProgress?.({ id, status, progressDetail: { current, total } })
    },
  }
}
