// The layers of an image, on their way from the registry to the graph driver.
//
//   download  3 ████████
//   download  2 ██████████████                 any order, three at a time
//   download  1 ███████
//   unpack      ·······███ 1 ·····███████ 2 ██ 3      bottom-up: a layer needs the one below
//
// Unpacking is registerImage's (graph/register-image.ts): it asks each layer in turn to
// open its archive, and a layer answers as soon as its blob is complete and right. What
// the graph has unpacked already it does not ask for, and that is not fetched either.
//
// Called by pull.ts.
import { addAbortSignal } from 'node:stream'
import type { OnProgress } from '../api/progress.ts'
import { chainIds } from '../graph/chain-id.ts'
import type { Graph } from '../graph/graph.ts'
import { layerFromBlob } from '../graph/layer-blob.ts'
import type { Descriptor } from '../graph/manifest.ts'
import type { NewLayer } from '../graph/register-image.ts'
import { type BlobSource, download } from './download.ts'
import { atMost } from './gate.ts'
import { type LayerProgress, layerProgress } from './progress.ts'

export interface WantedLayer {
  descriptor: Descriptor
  diffId: string
}

const usuallyAtOnce = 3

/**
 * @param wanted the lowest first
 * @param register makes the image; it opens the layers that are not there, in order
 * @returns what `register` does. When anything fails, all of it ends, and nothing is running any more
 */
export async function pullLayers<T>(
  source: BlobSource,
  graph: Graph,
  wanted: readonly WantedLayer[],
  { onProgress, atOnce = usuallyAtOnce }: { onProgress?: OnProgress; atOnce?: number },
  register: (layers: NewLayer[]) => Promise<T>,
): Promise<T> {
  const gate = atMost(atOnce)
  const chain = chainIds(wanted.map(({ diffId }) => diffId))
  const progress = wanted.map(({ descriptor }) => layerProgress(descriptor.digest, onProgress))
  const running: Promise<void>[] = []
  const fetched = wanted.map(({ descriptor }, index) =>
    once(() => fetchLayer(source, descriptor, progress[index], gate)),
  )
  for (const [index, line] of progress.entries()) {
    const isThere = graph.layers.find(chain[index] ?? '') !== undefined
    line.say(isThere ? 'Already exists' : 'Pulling fs layer')
    if (isThere) continue
    if (running.length >= atOnce) line.say('Waiting')
    running.push(fetched[index]?.() ?? Promise.resolve())
  }

  // The layer being unpacked is done when the next one is asked for, or all are.
  let unpacking: LayerProgress | undefined
  const layers = wanted.map(({ descriptor, diffId }, index): NewLayer => {
    return {
      diffId,
      open: async () => {
        unpacking?.say('Pull complete')
        unpacking = undefined
        // One that was there a moment ago may be gone by now: then it is fetched after all.
        await fetched[index]?.()
        unpacking = progress[index]
        const archive = layerFromBlob(graph.content, diffId, descriptor, (count) =>
          progress[index]?.count('Extracting', count, descriptor.size),
        )
        return addAbortSignal(source.client.signal, await archive.open())
      },
    }
  })
  const registered = register(layers)
  try {
    const [result] = await Promise.all([registered, ...running])
    unpacking?.say('Pull complete')
    return result
  } catch (error) {
    source.client.giveUp(error)
    await Promise.allSettled([registered, ...running])
    throw error
  }
}

async function fetchLayer(
  source: BlobSource,
  descriptor: Descriptor,
  progress: LayerProgress | undefined,
  gate: ReturnType<typeof atMost>,
): Promise<void> {
  await gate(() =>
    download(source, descriptor, (count) => progress?.count('Downloading', count, descriptor.size)),
  )
  // It was, all the while; Docker's screens have the line.
  progress?.say('Verifying Checksum')
  progress?.say('Download complete')
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined
  return () => {
    result ??= work()
    return result
  }
}
