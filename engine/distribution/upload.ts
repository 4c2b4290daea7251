// One blob, from the content store to a registry, with as few of its bytes as possible.
//
//   HEAD  /v2/<repository>/blobs/<digest>                     200: it is there, nothing to do
//   POST  /v2/<repository>/blobs/uploads/?mount=<digest>&from=<other>
//         201: it was in another repository of that registry, and is in this one now
//         202, Location: …/uploads/<id>                       send it there
//   PATCH …/uploads/<id>      the bytes; 202 and the Location to go on at
//   PUT   …/uploads/<id>?digest=<digest>                      201: checked, and kept
//
// When the connection breaks in the PATCH, GET on the upload tells in its Range header
// how much has arrived, and the next PATCH begins there. A registry that has forgotten
// the upload gets a new one.
// Next: engine/distribution/push.ts
import { Readable } from 'node:stream'
import { EngineError } from '../errors.ts'
import type { ContentStore } from '../graph/content-store.ts'
import { expectSuccess } from './body.ts'
import { pullScope, pushScope, type RegistryClient } from './client.ts'
import { ConnectionError, RegistryError } from './errors.ts'
import { isPassing, pauseBefore, usualRetries, wait } from './retry.ts'
import { type Answer, discard, header } from './transport.ts'

export interface BlobTarget {
  client: RegistryClient
  repository: string
  content: ContentStore
  retries?: { attempts?: number; pause?: number } | undefined
}

interface Blob {
  digest: string
  size: number
}

/** Where it was: there before, in another repository of that registry, or here. */
export type Uploaded = { how: 'exists' } | { how: 'mounted'; from: string } | { how: 'pushed' }

/** More repositories than this are not tried: each costs a request. */
const mostMounts = 3

/** @returns whether the repository has the blob. @throws EngineError when it does not say */
export async function blobExists({ client, repository }: BlobTarget, digest: string): Promise<boolean> {
  const answer = await client.call({
    method: 'HEAD',
    path: `/v2/${repository}/blobs/${digest}`,
    scopes: [pushScope(repository)],
  })
  discard(answer)
  if (answer.status === 404) return false
  await expectSuccess(`blob ${digest}`, answer)
  return true
}

/**
 * @param others repositories of the same registry that may have it
 * @param onBytes told how many bytes are there
 */
export async function upload(
  target: BlobTarget,
  blob: Blob,
  others: readonly string[],
  onBytes: (count: number) => void,
): Promise<Uploaded> {
  if (await blobExists(target, blob.digest)) return { how: 'exists' }
  const { attempts, pause } = { ...usualRetries, ...target.retries }
  let session = await begin(target, blob, others)
  if ('mounted' in session) return { how: 'mounted', from: session.mounted }
  for (let attempt = 1; ; attempt++) {
    try {
      await send(target, blob, session.at, session.have, onBytes)
      return { how: 'pushed' }
    } catch (error) {
      target.client.signal.throwIfAborted()
      if (attempt >= attempts || !mayPass(error)) throw error
      await wait(pauseBefore(attempt, pause) ?? 0, target.client.signal)
      session = (await goOn(target, blob, session.at)) ?? (await beginPlain(target))
      onBytes(session.have)
    }
  }
}

interface Session {
  at: URL
  /** Bytes that the registry has. */
  have: number
}

async function begin(
  target: BlobTarget,
  { digest }: Blob,
  others: readonly string[],
): Promise<Session | { mounted: string }> {
  const { client, repository } = target
  let open: Session | undefined
  for (const from of others.slice(0, mostMounts)) {
    const query = new URLSearchParams({ mount: digest, from })
    const answer = await client.call({
      method: 'POST',
      path: `/v2/${repository}/blobs/uploads/?${query}`,
      headers: { 'content-length': '0' },
      scopes: [pushScope(repository), pullScope(from)],
    })
    discard(answer)
    if (answer.status === 201) return { mounted: from }
    // Who may not read the other one is refused, or gets an upload as if nothing had been said.
    if (answer.status === 202) open = { at: placeOf(answer), have: 0 }
    if (open !== undefined) return open
  }
  return beginPlain(target)
}

async function beginPlain({ client, repository }: BlobTarget): Promise<Session> {
  const answer = await client.succeed(`push to ${repository}`, {
    method: 'POST',
    path: `/v2/${repository}/blobs/uploads/`,
    headers: { 'content-length': '0' },
    scopes: [pushScope(repository)],
  })
  discard(answer)
  return { at: placeOf(answer), have: 0 }
}

/** The Location may be relative, and may carry state in its query: it is used as it comes. */
function placeOf(answer: Answer): URL {
  const url = URL.parse(header(answer, 'location') ?? '', answer.url)
  if (url === null || !/^https?:$/.test(url.protocol) || !answer.headers.location)
    throw new EngineError('unavailable', `${answer.url.host} does not say where to upload to`)
  return url
}

async function send(
  target: BlobTarget,
  { digest, size }: Blob,
  at: URL,
  have: number,
  onBytes: (count: number) => void,
): Promise<void> {
  const { client, content, repository } = target
  const scopes = [pushScope(repository)]
  const what = `push of ${digest} to ${repository}`
  const call = { scopes, repeat: false }
  let end = at
  if (have < size || size === 0) {
    const answer = await client.succeed(what, {
      ...call,
      method: 'PATCH',
      path: at,
      headers: {
        'content-type': 'application/octet-stream',
        'content-length': String(size - have),
        // Registries that expect Docker know a first piece without a range best.
        ...(have > 0 ? { 'content-range': `${have}-${size - 1}` } : {}),
      },
      body: () => counted(content.read(digest, { start: have }), have, onBytes),
    })
    discard(answer)
    end = placeOf(answer)
  }
  end = new URL(end)
  end.searchParams.set('digest', digest)
  const done = await client.succeed(what, {
    ...call,
    method: 'PUT',
    path: end,
    headers: { 'content-length': '0' },
  })
  discard(done)
}

/** @returns undefined when the registry knows nothing of it any more */
async function goOn(
  { client, repository }: BlobTarget,
  { size }: Blob,
  at: URL,
): Promise<Session | undefined> {
  const answer = await client.call({ method: 'GET', path: at, scopes: [pushScope(repository)] })
  discard(answer)
  if (answer.status !== 204 && answer.status !== 202) return undefined
  const last = Number(/^(?:bytes=)?0-(\d+)$/.exec(header(answer, 'range') ?? '')?.[1] ?? 0)
  // `0-0` is one byte by the book, and none at most registries: then a new upload is safer.
  if (last === 0 || last >= size) return undefined
  return { at: answer.headers.location ? placeOf(answer) : at, have: last + 1 }
}

function mayPass(error: unknown): boolean {
  if (error instanceof ConnectionError) return true
  // 416: it has another number of bytes than we think. 404: it has forgotten the upload.
  return error instanceof RegistryError && (isPassing(error.status) || [404, 416].includes(error.status))
}

function counted(file: Readable, from: number, onBytes: (count: number) => void): Readable {
  async function* passing(): AsyncGenerator<Buffer> {
    let count = from
    for await (const chunk of file as AsyncIterable<Buffer>) {
      yield chunk
      count += chunk.length
      onBytes(count)
    }
  }
  const stream = Readable.from(passing(), { objectMode: false, highWaterMark: 2 ** 20 })
  // A generator that was never begun would not close the file.
  stream.once('close', () => file.destroy())
  return stream
}
