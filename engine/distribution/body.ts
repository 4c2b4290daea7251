// The short answers of a registry, read whole: JSON, manifests, errors.
//
// Whatever is read into memory has a limit: a server may send for ever.
import type * as z from 'zod/mini'
import { EngineError } from '../errors.ts'
import { answerError, connectionError, json, mostErrorBytes } from './errors.ts'
import type { Answer } from './transport.ts'

/** Docker's limit for a manifest; lists of tags come in pages. */
const mostJsonBytes = 4 * 2 ** 20

/**
 * @param what was asked for, for messages
 * @throws EngineError `unavailable` when it is longer than `most`, or breaks off
 */
export async function readBytes(what: string, answer: Answer, most = mostJsonBytes): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > most) break
      chunks.push(chunk)
    }
  } catch (error) {
    answer.signal?.throwIfAborted()
    throw connectionError(answer.url, error)
  }
  if (length > most)
    throw new EngineError(
      'unavailable',
      `${what}: the answer of ${answer.url.host} is longer than ${most} bytes`,
    )
  return Buffer.concat(chunks)
}

/** Takes what is no success for an error. @throws RegistryError */
export async function expectSuccess(what: string, answer: Answer): Promise<void> {
  if (answer.status >= 200 && answer.status < 300) return
  throw answerError(what, answer, await readStart(answer))
}

/** @throws EngineError `unavailable` for what is no JSON of that shape */
export async function readJson<T>(what: string, answer: Answer, schema: z.ZodMiniType<T>): Promise<T> {
  await expectSuccess(what, answer)
  const bytes = await readBytes(what, answer)
  const parsed = schema.safeParse(json(bytes.toString()))
  if (parsed.success) return parsed.data
  // A page that says 200: the usual way of hotels and company proxies.
  if (bytes.toString('latin1').trimStart().startsWith('<')) throw answerError(what, answer, String(bytes))
  throw new EngineError(
    'unavailable',
    `${what}: ${answer.url.host} answered something else than a registry does`,
  )
}

/** The first of it; what follows is not worth waiting for. */
async function readStart(answer: Answer): Promise<string> {
  const chunks: Buffer[] = []
  try {
    let length = 0
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      length += chunk.length
      if (length >= mostErrorBytes) break
    }
  } catch {
    // The status alone says what is wrong.
  }
  return Buffer.concat(chunks).subarray(0, mostErrorBytes).toString()
}
