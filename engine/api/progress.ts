// What a long verb says while it works: pull, push, load, import. One JSON object a
// line in Docker's API (there called a JSON message), one call in this process.
//
//   {"id":"4fe2ade4980c","status":"Downloading","progressDetail":{"current":4096,"total":81920}}
//   {"status":"Digest: sha256:…"}
//
// Called by distribution and graph, who tell; drawn by cli/output.

/** Field names are Docker's: https://docs.docker.com/reference/api/engine/ (ImageCreate). */
export interface ProgressMessage {
  /** Of the thing that this is about, mostly a layer's short digest: whoever draws replaces the last line of this id. */
  id?: string
  /** `Downloading`, `Pull complete`, `Pushed`, … */
  status: string
  /** Bytes. */
  progressDetail?: { current: number; total?: number }
}

export type OnProgress = (message: ProgressMessage) => void
