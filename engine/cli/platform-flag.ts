// `--platform` of verbs about images that are here already: Docker's API wants it as JSON.
import type { PlatformQuery } from '../api/platform.ts'
import { type Flag, type Flags, UsageError } from './flags.ts'

export function platformFlag(help: string): Flag {
  return { name: 'platform', value: 'string', help }
}

/** `linux/arm64`, `linux/arm/v7`, or an architecture alone. @returns undefined when it was not given @throws UsageError */
export function platformQuery(flags: Flags): string | undefined {
  const text = flags.text('platform')
  if (text === undefined || text === '') return undefined
  const words = text.split('/')
  const [os = '', architecture = '', variant] = words.length === 1 ? ['linux', text] : words
  if (words.length > 3 || words.includes(''))
    throw new UsageError(`${JSON.stringify(text)} is no platform: write os/architecture, as linux/arm64`, 1)
  const query: PlatformQuery = { os, architecture, ...(variant === undefined ? {} : { variant }) }
  return JSON.stringify(query)
}
