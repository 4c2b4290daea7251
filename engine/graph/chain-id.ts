// A layer's two names.
//
//   diff id    sha256 of the layer's own archive, not compressed
//   chain id   the layer together with everything below it
//
// The same difference on top of something else is another tree, so what is unpacked on
// disk goes by the chain id. OCI image specification 1.1, config.md, "Layer ChainID".
import { sha256 } from './digest.ts'

/** ChainID(a) = a; ChainID(a…b, c) = sha256(ChainID(a…b) + " " + c). */
export function chainId(parent: string | undefined, diffId: string): string {
  return parent === undefined ? diffId : sha256(`${parent} ${diffId}`)
}

/** One for each layer, the lowest first. */
export function chainIds(diffIds: readonly string[]): string[] {
  let parent: string | undefined
  return diffIds.map((diffId) => {
    parent = chainId(parent, diffId)
    return parent
  })
}
