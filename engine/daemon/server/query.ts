// What stands behind the `?` of a request, read the way Docker's server reads it: a flag
// is on for anything but 0, no, false and none; filters are JSON in one of two spellings.
import * as z from 'zod/mini'
import { type PlatformQuery, platformSchema } from '../../api/platform.ts'
import { EngineError } from '../../errors.ts'

const filtersSchema = z.record(
  z.string(),
  // {"status":["exited"]}, and {"status":{"exited":true}} of clients since 1.10.
  z.union([z.array(z.string()), z.record(z.string(), z.boolean())]),
)

export type Filters = Readonly<Record<string, readonly string[]>>

export class Query {
  readonly #values: URLSearchParams

  constructor(text: string) {
    this.#values = new URLSearchParams(text)
  }

  /** Empty when it is not there. */
  text(name: string): string {
    return this.#values.get(name) ?? ''
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }

  /** Every value of a name that may be given several times. */
  list(name: string): string[] {
    return this.#values.getAll(name)
  }

  flag(name: string, otherwise = false): boolean {
    const value = this.#values.get(name)
    if (value === null) return otherwise
    return !['', '0', 'no', 'false', 'none'].includes(value.trim().toLowerCase())
  }

  /** @throws EngineError `invalid` for what is no whole number */
  number(name: string): number | undefined {
    const value = this.#values.get(name)
    if (value === null || value === '') return undefined
    if (!/^-?\d{1,15}$/.test(value))
      throw new EngineError('invalid', `${name}=${value}: it must be a whole number`)
    return Number(value)
  }

  /**
   * Those of images that are here already; of one that is pulled it is `linux/arm64`.
   * @throws EngineError `invalid` for what is none, and for more than one
   */
  platform(name: string): PlatformQuery | undefined {
    const [text = '', ...others] = this.list(name)
    if (text === '') return undefined
    if (others.length > 0) throw new EngineError('invalid', 'multiple platforms is not supported')
    const parsed = platformSchema.safeParse(json(text))
    if (!parsed.success)
      throw new EngineError(
        'invalid',
        `failed to parse platform: it is JSON as {"os":"linux","architecture":"arm64"}`,
      )
    return parsed.data
  }

  /** @param known names that mean something to this verb; left out, the verb looks itself @throws EngineError `invalid` for any other, in Docker's words */
  filters(known?: readonly string[]): Filters {
    const text = this.text('filters')
    if (text === '') return {}
    const parsed = filtersSchema.safeParse(json(text))
    if (!parsed.success)
      throw new EngineError('invalid', 'filters: they must be a map of lists of strings, as JSON')
    const filters: Record<string, string[]> = {}
    for (const [name, values] of Object.entries(parsed.data)) {
      if (known?.includes(name) === false) throw new EngineError('invalid', `invalid filter '${name}'`)
      filters[name] = Array.isArray(values) ? values : Object.keys(values).filter((value) => values[value])
    }
    return filters
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
