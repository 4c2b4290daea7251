// The body of a request as JSON that fits a schema: bounded, and refused in one line that
// names the place: `request body: $.HostConfig.Memory: it must be a number`. Fields that
// the schema does not know are left out, as Docker does: clients are older or newer.
import type { IncomingMessage } from 'node:http'
import * as z from 'zod/mini'
import { EngineError } from '../../errors.ts'
import { reasonOf, Violations } from '../../violation.ts'

/** A container's configuration with long lists of environment and mounts has some kilobytes. */
const largest = 4 * 2 ** 20

/**
 * @param optional an empty body is `{}`
 * @throws EngineError `invalid`
 */
export async function readJson<Schema extends z.ZodMiniType>(
  request: IncomingMessage,
  schema: Schema,
  { optional = false }: { optional?: boolean } = {},
): Promise<z.infer<Schema>> {
  const bytes = await readBytes(request)
  if (bytes.length === 0) {
    if (!optional) throw new EngineError('invalid', 'invalid JSON: got EOF while reading request body')
    return check(schema, {})
  }
  checkType(request.headers['content-type'] ?? '')
  try {
    return check(schema, JSON.parse(bytes.toString()))
  } catch (cause) {
    if (cause instanceof SyntaxError) throw new EngineError('invalid', 'invalid JSON', { cause })
    throw cause
  }
}

/** The rest of a body that is too large is not read: the connection ends with the answer. */
async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  // Without destroyOnReturn the connection would be gone before the answer.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    length += chunk.length
    if (length > largest) throw new EngineError('invalid', `request body: it is larger than ${largest} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Docker's words. */
function checkType(header: string): void {
  const [type = ''] = header.split(';')
  if (type.trim().toLowerCase() !== 'application/json')
    throw new EngineError(
      'invalid',
      `unsupported Content-Type header (${header}): must be 'application/json'`,
    )
}

function check<Schema extends z.ZodMiniType>(schema: Schema, value: unknown): z.infer<Schema> {
  const result = z.safeParse(schema, value, { reportInput: true })
  if (result.success) return result.data
  const violations = new Violations()
  for (const issue of result.error.issues) violations.add(issue.path, reasonOf(issue))
  violations.throwIfAny('request body')
  return value as z.infer<Schema>
}
