// One blob, from a registry into the content store, however often the connection breaks.
//
//   GET /v2/<repository>/blobs/<digest>
//   Range: bytes=52428800-                    what is here already is not asked for again
//   206 Partial Content
//   Content-Range: bytes 52428800-209715199/209715200
//
// The bytes go from the socket to the disk and through the hash, and nowhere else. Only
// when all of them are there and make the digest that the manifest promised is there a
// blob; until then what came stays as a partial file, which the next try goes on with:
// after a cut connection, an abort, or kill -9. So it does not matter whose bytes these
// are, of which server: the digest decides.
//
// A server may not know ranges and send everything (200), or begin elsewhere than it was
// asked to. What is here already is skipped then.
// Next: engine/distribution/pull-layers.ts
import { EngineError } from '../errors.ts'
import type { ContentStore } from '../graph/content-store.ts'
import type { Descriptor } from '../graph/manifest.ts'
import { expectSuccess } from './body.ts'
import { pullScope, type RegistryClient } from './client.ts'
import { connectionError, RegistryError } from './errors.ts'
import { isBroken, pauseBefore, usualRetries, wait } from './retry.ts'
import { shareFairly } from './share.ts'
import { type Answer, discard, header } from './transport.ts'

export interface BlobSource {
  client: RegistryClient
  repository: string
  content: ContentStore
  retries?: { attempts?: number; pause?: number } | undefined
}

/**
 * Nothing when the blob is here already. Whoever asks for it at the same time waits for the same download.
 * @param onBytes told how many bytes of descriptor.size are here
 * @throws EngineError `invalid` when other bytes came than the digest promises
 */
export async function download(
  source: BlobSource,
  descriptor: Descriptor,
  onBytes: (count: number) => void = () => {},
): Promise<void> {
  const { content, client } = source
  await shareFairly(content, descriptor.digest, client.signal, async () => {
    if ((await content.stat(descriptor.digest)) === undefined) await fetchBlob(source, descriptor, onBytes)
  })
}

async function fetchBlob(
  source: BlobSource,
  descriptor: Descriptor,
  onBytes: (count: number) => void,
): Promise<void> {
  const { digest, size } = descriptor
  for (let resume = true; ; resume = false) {
    await using ingest = await source.content.ingest(digest, { size, resume })
    let have = ingest.offset
    onBytes(have)
    await receive(source, descriptor, have, async (chunk) => {
      await ingest.write(chunk)
      have += chunk.byteLength
      onBytes(have)
      return have
    })
    try {
      await ingest.commit()
      return
    } catch (error) {
      // Half of it may be of another day, and of a disk that was full: once more, from the start.
      const mixed = ingest.offset > 0 && error instanceof EngineError && error.kind === 'invalid'
      if (!mixed) throw error
    }
  }
}

/** Brings the bytes from `offset` on, in as many requests as it takes. */
async function receive(
  source: BlobSource,
  descriptor: Descriptor,
  offset: number,
  take: (chunk: Uint8Array) => Promise<number>,
): Promise<void> {
  const { client, retries } = source
  const { attempts, pause } = { ...usualRetries, ...retries }
  const addresses = addressesOf(source, descriptor)
  let have = offset
  for (let failed = 0; have < descriptor.size; ) {
    const before = have
    const answer = await ask(source, descriptor, addresses, have)
    try {
      let skip = have - beginOf(answer, have)
      for await (const chunk of answer.body as AsyncIterable<Buffer>) {
        const part = skip === 0 ? chunk : chunk.subarray(skip)
        skip = Math.max(0, skip - chunk.byteLength)
        if (part.byteLength > 0) have = await take(part)
      }
      if (have < descriptor.size) throw connectionError(answer.url, cut)
    } catch (error) {
      answer.body.destroy()
      client.signal.throwIfAborted()
      if (!isBroken(error)) throw error
      // Who gets on is not giving up, but a byte at a time is no way to get on.
      failed = have - before > enough ? 1 : failed + 1
      if (failed >= attempts) throw connectionError(answer.url, error)
      await wait(pauseBefore(failed, pause) ?? 0, client.signal)
    }
  }
}

/** Bytes between two cuts of a connection that is bad, and good enough. */
const enough = 2 ** 16

/** A body that ended early without an error, as some proxies do it. */
const cut = Object.assign(new Error('the answer ends early'), { code: 'UND_ERR_SOCKET' })

/** Where its first byte belongs. @throws EngineError when that is behind what we have */
function beginOf(answer: Answer, have: number): number {
  if (answer.status !== 206) return 0
  const begin = Number(/^bytes (\d+)-/.exec(header(answer, 'content-range') ?? '')?.[1] ?? Number.NaN)
  // Written so that NaN fails, too.
  if (begin <= have) return begin
  throw new EngineError(
    'unavailable',
    `${answer.url.host} sends another part of a layer than it was asked for`,
  )
}

/** Layers that may not be copied (Windows') lie where their maker wants; everything else is the registry's. */
function addressesOf({ client, repository }: BlobSource, descriptor: Descriptor): (string | URL)[] {
  const elsewhere = isForeign(descriptor) ? (descriptor.urls ?? []) : []
  const urls = elsewhere.map((text) => URL.parse(text))
  const allowed = client.endpoint.insecure ? /^https?:$/ : /^https:$/
  return [
    ...urls.filter((url) => url !== null && allowed.test(url.protocol)),
    `/v2/${repository}/blobs/${descriptor.digest}`,
  ].filter((url) => url !== null)
}

/** Not for registries: https://github.com/opencontainers/image-spec/blob/main/layer.md#non-distributable-layers */
export function isForeign({ mediaType }: Descriptor): boolean {
  return /\.foreign\.|\.nondistributable\./.test(mediaType)
}

async function ask(
  { client, repository }: BlobSource,
  { digest }: Descriptor,
  addresses: readonly (string | URL)[],
  have: number,
): Promise<Answer> {
  const headers = have > 0 ? { range: `bytes=${have}-` } : {}
  // Not compressed once more on the way: the digest is of these bytes, and ranges count in them.
  const call = {
    method: 'GET' as const,
    headers: { 'accept-encoding': 'identity', ...headers },
    scopes: [pullScope(repository)],
  }
  for (const [index, path] of addresses.entries()) {
    const answer = await client.call({ ...call, path })
    if (answer.status === 416) {
      discard(answer)
      throw new EngineError(
        'invalid',
        `blob ${digest} is shorter at ${answer.url.host} than its manifest says`,
      )
    }
    try {
      await expectSuccess(`blob ${digest}`, answer)
      return answer
    } catch (error) {
      if (!(error instanceof RegistryError) || index === addresses.length - 1) throw error
    }
  }
  throw new EngineError('not-found', `there is no address for blob ${digest}`)
}
