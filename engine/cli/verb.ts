// What the verbs of `tocker` have in common: one verb, one file, one shape.
//
// A verb reads its flags, asks the daemon, prints, and returns the exit status. Its file
// is loaded when it is called (program.ts), and it in turn loads what it needs: `images`
// must not pay for what `run` needs.
import { connect, type EngineClient } from '../client/client.ts'
import type { HostWords } from '../client/endpoint.ts'
import type { Flag, Flags } from './flags.ts'
import type { Streams } from './output/streams.ts'

export interface Verb {
  /** What follows the verb: `[OPTIONS] IMAGE [IMAGE...]`. */
  usage: string
  flags: readonly Flag[]
  /** How many arguments, at least and at most. */
  arity: readonly [least: number, most: number]
  /** The first argument ends the flags. */
  passThrough?: boolean
  /** Exit status when the verb fails, whatever the reason; left out, 1, as with Docker's client. */
  failure?: 'engine'
  /** Printed below the flags in the verb's help. */
  notes?: string
  /** @returns the exit status */
  run(context: Context, flags: Flags, args: readonly string[]): Promise<number>
}

export interface VerbEntry {
  /** The one that the list of all verbs shows, and those of `tocker image --help`. */
  names: readonly [string, ...string[]]
  summary: string
  load: () => Promise<{ verb: Verb }>
}

export class Context {
  readonly host: HostWords
  readonly streams: Streams
  /** All that there are: what completion is made of. */
  readonly verbs: readonly VerbEntry[]
  #client: EngineClient | undefined

  /** @param host the global flags, as they were given */
  constructor(host: HostWords, streams: Streams, verbs: readonly VerbEntry[]) {
    this.host = host
    this.streams = streams
    this.verbs = verbs
  }

  /** The daemon. Nothing is sent before the first request. @throws EngineError for an address that is none */
  get client(): EngineClient {
    this.#client ??= connect(this.host)
    return this.#client
  }
}
