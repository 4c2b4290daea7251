// Text of the site, compressed: a class on a slow wireless network waits for a
// quarter of what the files hold.
//
// Compressed when somebody asks for the first time, and kept: a file is told apart by
// its size and time, so a site that was built again is compressed again. Not beside
// the files at build time: that would make the package half as large again.
//
// Called by static-files.ts.
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

export type Encoding = 'br' | 'gzip'

/** Bytes, all files together. The site's text takes a tenth of it; beyond, the oldest goes. */
const most = 48 * 1024 * 1024
/** Below this the headers weigh more than what is saved. */
export const smallest = 1024

const brotli = promisify(brotliCompress)
const zip = promisify(gzip)
/** Oldest first. The length is 0 until it is known. */
const kept = new Map<string, { made: Promise<Buffer>; length: number }>()

/** The best that the browser takes of what we make; undefined for neither (RFC 9110, section 12.5.3). */
export function encodingFor(accepted: string | undefined): Encoding | undefined {
  const weights = new Map<string, number>()
  for (const part of (accepted ?? '').toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map((one) => one.trim())
    const weight = parameters.find((one) => one.startsWith('q='))?.slice(2)
    weights.set(name, weight === undefined ? 1 : Number(weight) || 0)
  }
  const weightOf = (name: string): number => weights.get(name) ?? weights.get('*') ?? 0
  const [br, gz] = [weightOf('br'), weightOf('gzip')]
  if (br === 0 && gz === 0) return undefined
  return br >= gz ? 'br' : 'gzip'
}

/** @param version of the file: what was compressed of another one does not count */
export function compressed(path: string, version: string, encoding: Encoding): Promise<Buffer> {
  const key = `${encoding} ${version} ${path}`
  const found = kept.get(key)
  if (found) return found.made
  const entry = { made: compress(path, encoding), length: 0 }
  kept.set(key, entry)
  entry.made.then(
    ({ length }) => {
      entry.length = length
      forgetOldest()
    },
    // Read once more by the next who asks.
    () => kept.delete(key),
  )
  return entry.made
}

async function compress(path: string, encoding: Encoding): Promise<Buffer> {
  const text = await readFile(path)
  // 5 of 11: beyond, a large file takes seconds, and somebody waits for it.
  if (encoding === 'br') return brotli(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } })
  return zip(text)
}

function forgetOldest(): void {
  let bytes = 0
  for (const { length } of kept.values()) bytes += length
  for (const [key, { length }] of kept) {
    if (bytes <= most) return
    kept.delete(key)
    bytes -= length
  }
}
