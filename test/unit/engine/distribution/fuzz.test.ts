// A registry that says anything at all: whatever it is, there is an answer, or one line.
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { atRegistry } from '../../../../engine/distribution/client.ts'
import { resolve } from '../../../../engine/distribution/resolve.ts'
import { search } from '../../../../engine/distribution/search.ts'
import { listTags } from '../../../../engine/distribution/tags.ts'
import { EngineError } from '../../../../engine/errors.ts'
import { mediaTypes } from '../../../../engine/graph/manifest.ts'
import { parseReference } from '../../../../engine/graph/reference.ts'
import { TestRegistry } from '../../../suites/test-registry.ts'

const options = { retries: { attempts: 1 }, timeouts: { answer: 2000 } }
let registry: TestRegistry
/** What it says to everything but the first question. */
let say: { status: number; headers: Record<string, string>; body: string }

beforeAll(async () => {
  registry = await TestRegistry.open()
  registry.interfere = (request, response) => {
    if (request.url === '/v2/') return false
    const { status, headers, body } = say
    response.writeHead(status, headers)
    response.end(request.method === 'HEAD' || status === 204 || status === 304 ? undefined : body)
    return true
  }
})
afterAll(() => registry[Symbol.asyncDispose]())

const word = fc.stringMatching(/^[ -~]{0,40}$/)
const challenge = fc.oneof(
  word,
  word.map((realm) => `Bearer realm="${realm}",service="x"`),
  fc.constant('').map(() => `Bearer realm="${registry.url}/token",scope="a:b:c d"`),
)
const headers = fc.record(
  {
    'content-type': fc.oneof(word, fc.constantFrom(...Object.values(mediaTypes))),
    'www-authenticate': challenge,
    link: fc.oneof(
      word,
      word.map((text) => `<${text}>; rel="next"`),
    ),
    location: fc.oneof(word, fc.constantFrom('/', '/v2/', 'http://127.0.0.1:1/')),
    'retry-after': word,
    'docker-content-digest': word,
  },
  { requiredKeys: [] },
)
const body = fc.oneof(
  fc.string(),
  fc.json(),
  fc
    .record(
      {
        schemaVersion: fc.constantFrom(1, 2, '2'),
        mediaType: fc.constantFrom(...Object.values(mediaTypes)),
        config: fc.object(),
        layers: fc.array(fc.object()),
        manifests: fc.array(fc.object()),
        tags: fc.jsonValue(),
        repositories: fc.jsonValue(),
        token: fc.jsonValue(),
        errors: fc.jsonValue(),
      },
      { requiredKeys: [] },
    )
    .map((value) => JSON.stringify(value)),
)
const status = fc.oneof(
  fc.constantFrom(200, 206, 301, 307, 401, 403, 404, 416, 429, 500),
  fc.integer({ min: 200, max: 599 }),
)

const questions = {
  'for a manifest': () =>
    atRegistry(registry.host, 'pull', options, undefined, (client) =>
      resolve(client, parseReference(`${registry.host}/app:1`), undefined),
    ),
  'for tags': () => listTags(parseReference(`${registry.host}/app`), { registry: options }),
  'for names': () => search(`${registry.host}/app`, { registry: options }),
}

test.each(Object.entries(questions))('asked %s', async (_, ask) => {
  await fc.assert(
    fc.asyncProperty(fc.record({ status, headers, body }), async (answer) => {
      say = answer
      const error = await ask().then(
        () => undefined,
        (reason: unknown) => reason,
      )
      if (error === undefined) return
      expect(error).toBeInstanceOf(EngineError)
      expect(String(error)).not.toMatch(/[\p{Cc}]/u)
    }),
    { numRuns: 60 },
  )
})
