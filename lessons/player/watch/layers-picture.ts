// From samples of an overlay to what is drawn: which layer each file of the
// merged view comes from, what is hidden below, and what was copied up just now.
//
// Pure: drawn by the site and by the terminal.
import type { LayerEntry, LayersSample } from './samples.ts'

interface CopyUp {
  path: string
  bytes: number
  /** Counts up from 1, for a picture that flashes each once. */
  number: number
}

export interface LayersPicture {
  sample: LayersSample
  /** Merged entries, with the layer that gives each: an index into `sample.layers`. Directories may have several. */
  merged: { entry: LayerEntry; from: number[] }[]
  /** For each layer and entry: whether something above hides it. */
  layers: { entry: LayerEntry; hidden: boolean; fresh: boolean }[][]
  /** The last ones, newest first. */
  copies: CopyUp[]
  /** Paths in the upper layer, to find what is new. */
  upper: ReadonlySet<string>
}

const mostCopies = 4

/** @param before the picture of the last sample, for what changed */
export function layersPicture(sample: LayersSample, before?: LayersPicture): LayersPicture {
  const goesOn = before?.sample.mounted === true && sample.mounted && sameLayers(before.sample, sample)
  const upper = new Set(
    sample.layers
      .filter(({ kind }) => kind === 'upper')
      .flatMap(({ entries }) => entries.map(({ path }) => path)),
  )
  const fresh = new Set(goesOn ? [...upper].filter((path) => !before.upper.has(path)) : [])
  const copies = goesOn ? [...before.copies] : []
  for (const entry of sample.layers[0]?.entries ?? [])
    if (fresh.has(entry.path) && entry.type === 'file' && !entry.whiteout && liesBelow(sample, entry.path))
      copies.unshift({ path: entry.path, bytes: entry.bytes, number: (copies[0]?.number ?? 0) + 1 })
    // A large file grows while it is copied.
    else growing(copies, entry)
  return {
    sample,
    merged: sample.merged.map((entry) => ({ entry, from: sources(sample, entry) })),
    layers: sample.layers.map((layer, index) =>
      layer.entries.map((entry) => ({
        entry,
        hidden: isHidden(sample, index, entry),
        fresh: layer.kind === 'upper' && fresh.has(entry.path),
      })),
    ),
    copies: copies.slice(0, mostCopies),
    upper,
  }
}

function growing(copies: CopyUp[], entry: LayerEntry): void {
  const index = copies.findIndex((one) => one.path === entry.path && one.bytes < entry.bytes)
  const copy = copies[index]
  if (copy) copies[index] = { ...copy, bytes: entry.bytes }
}

function sameLayers(a: LayersSample, b: LayersSample): boolean {
  return (
    a.layers.length === b.layers.length &&
    a.layers.every((layer, index) => layer.directory === b.layers[index]?.directory)
  )
}

function liesBelow(sample: LayersSample, path: string): boolean {
  return sample.layers
    .slice(1)
    .some(({ entries }) => entries.some((one) => one.path === path && !one.whiteout))
}

/** The layers that give an entry of the merged view. */
function sources(sample: LayersSample, entry: LayerEntry): number[] {
  const all = sample.layers.flatMap((layer, index) => {
    const found = layer.entries.find((one) => one.path === entry.path && !one.whiteout)
    return found && !isHidden(sample, index, found) ? [index] : []
  })
  return entry.type === 'directory' ? all : all.slice(0, 1)
}

/** A layer above has this name too, or took it or a directory above it away. Directories are put together. */
function isHidden(sample: LayersSample, index: number, entry: LayerEntry): boolean {
  const parents = entry.path.split('/').map((_part, at, parts) => parts.slice(0, at + 1).join('/'))
  return sample.layers.slice(0, index).some(({ entries }) =>
    entries.some((above) => {
      if (above.path === entry.path)
        return above.type !== 'directory' || entry.type !== 'directory' || above.opaque === true
      const over = parents.includes(above.path)
      return over && (above.type !== 'directory' || above.opaque === true)
    }),
  )
}
