// JSON that came from outside: manifests, configs, the lists inside archives.
//
// A registry or an archive may be anybody's. So: of a sane size, UTF-8, JSON, not
// nested without end, and of the shape that its schema says; or refused in one
// line that names the document, the place in it, and the reason:
//
//   manifest: $.layers[2].digest: it is missing
//
// Called by manifest.ts, image-config.ts and load.ts.
import * as z from 'zod/mini'
import { EngineError } from '../errors.ts'
import { jsonPath } from '../violation.ts'
import { whyNoDigest } from './digest.ts'

/** What walks a document calls itself for each level. */
const deepest = 64
/** Longer lists of complaints help nobody. */
const shown = 8

/**
 * @param what how messages call it: `manifest`
 * @param most bytes
 * @throws EngineError `invalid`
 */
export function parseDocument<Schema extends z.ZodMiniType>(
  bytes: Uint8Array,
  what: string,
  schema: Schema,
  most: number,
): z.infer<Schema> {
  return checkDocument(parseJson(bytes, what, most), what, schema)
}

/** The same in two steps, for a document that says itself which schema it follows. */
export function parseJson(bytes: Uint8Array, what: string, most: number): unknown {
  if (bytes.byteLength > most)
    throw new EngineError('invalid', `${what}: it has ${bytes.byteLength} bytes, and ${most} are the most`)
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (depth(value) > deepest) throw new Error(`it is nested deeper than ${deepest} levels`)
    return value
  } catch (cause) {
    const reason =
      cause instanceof SyntaxError ? 'it is no JSON' : cause instanceof TypeError ? 'it is no UTF-8' : ''
    throw new EngineError(
      'invalid',
      `${what}: ${reason || (cause instanceof Error ? cause.message : 'broken')}`,
    )
  }
}

export function checkDocument<Schema extends z.ZodMiniType>(
  value: unknown,
  what: string,
  schema: Schema,
): z.infer<Schema> {
  const result = z.safeParse(schema, value, { reportInput: true })
  if (result.success) return result.data
  const { issues } = result.error
  const lines = issues.slice(0, shown).map((issue) => `${jsonPath(issue.path)}: ${reasonOf(issue)}`)
  const more = issues.length > shown ? `; and ${issues.length - shown} more` : ''
  throw new EngineError('invalid', `${what}: ${lines.join('; ')}${more}`)
}

/** Not by recursion: that is what it is there to prevent. */
function depth(value: unknown): number {
  let level: unknown[] = [value]
  for (let deep = 0; ; deep++) {
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []))
    if (level.length === 0 || deep > deepest) return deep
  }
}

function reasonOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type')
    return issue.input === undefined
      ? 'it is missing'
      : `it must be ${articles[issue.expected] ?? `a ${issue.expected}`}`
  if (issue.code === 'invalid_value') return `it must be ${issue.values.map(String).join(' or ')}`
  if (issue.code === 'too_big') return `there are more than ${issue.maximum}`
  if (issue.code === 'too_small') return `it is below ${issue.minimum}`
  return issue.message === 'Invalid input' ? 'it has the wrong form' : issue.message
}

const articles: Record<string, string> = {
  int: 'a whole number',
  array: 'an array',
  object: 'an object',
  record: 'an object',
}

// Pieces that several documents have.

export const digestField = z.string().check(
  z.refine((text) => whyNoDigest(text) === undefined, {
    error: ({ input }) => (typeof input === 'string' ? whyNoDigest(input) : undefined) ?? 'it is no digest',
  }),
)

/** Bytes. JSON's numbers are exact up to 2^53. */
export const sizeField = z.int().check(z.gte(0))

/** Go writes `null` for what was left empty: read as absent. */
export function optional<Schema extends z.ZodMiniType>(schema: Schema) {
  return z.optional(z.nullable(schema))
}

/** Annotations, labels. */
export const stringMap = z.record(z.string(), z.string())
