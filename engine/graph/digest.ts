// A digest: the name that content gives itself, `sha256:` and 64 hexadecimal digits.
//
// Everything in the graph that is stored is stored under one, so everything that
// comes back can be checked against its own name.
// OCI image specification 1.1, descriptor.md, "Digests".
import { createHash } from 'node:crypto'
import { EngineError } from '../errors.ts'

/** Algorithm and the number of its hexadecimal digits. We store sha256 alone; the others may stand in references. */
const lengths: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 }

/** @returns why this is no digest; undefined when it is one */
export function whyNoDigest(text: string): string | undefined {
  const [, algorithm = '', hex = ''] = /^([^:]*):(.*)$/s.exec(text) ?? []
  const length = Object.hasOwn(lengths, algorithm) ? lengths[algorithm] : undefined
  if (algorithm === '') return 'a digest looks like sha256:<64 hexadecimal digits>'
  if (length === undefined) return `unsupported digest algorithm ${JSON.stringify(algorithm.slice(0, 40))}`
  if (hex.length !== length)
    return `a ${algorithm} digest has ${length} hexadecimal digits, this one ${hex.length}`
  if (!/^[0-9a-f]*$/.test(hex)) return 'a digest is written in lower-case hexadecimal digits'
  return undefined
}

function isSha256(text: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(text)
}

export function sha256(content: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
}

/** The digits of a sha256 digest: what it is called on disk. @throws EngineError `invalid` for anything else */
export function hexOf(digest: string): string {
  // The digest becomes part of a path. It may come from a manifest that somebody
  // made up, so nothing but digits gets through here.
  if (!isSha256(digest))
    throw new EngineError('invalid', `${JSON.stringify(digest.slice(0, 140))} is no sha256 digest`)
  return digest.slice('sha256:'.length)
}

/** As people see it: `4fe2ade4980c`. */
export function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12)
}
