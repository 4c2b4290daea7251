// `--platform` of verbs about images that are here already: Docker's API wants it as JSON.
import { parsePlatform } from '../graph/platform.ts'
import type { Flag, Flags } from './flags.ts'

export function platformFlag(help: string): Flag {
  return { name: 'platform', value: 'string', help }
}

/** @returns undefined when it was not given @throws EngineError `invalid` for what is none */
export function platformQuery(flags: Flags): string | undefined {
  const text = flags.text('platform')
  return text === undefined || text === '' ? undefined : JSON.stringify(parsePlatform(text))
}
