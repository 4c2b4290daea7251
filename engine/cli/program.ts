// One command of `tocker`, from its words to its exit status.
//
//   tocker -H tcp://host image ls -q busybox
//          ^ global     ^ verb   ^ its flags and arguments
//
// Next: engine/cli/verbs.ts
import type { HostWords } from '../client/endpoint.ts'
import { EngineError } from '../errors.ts'
import { packageVersion } from '../version.ts'
import { type Flag, type Flags, parseFlags, UsageError } from './flags.ts'
import type { Streams } from './output/streams.ts'
import { userLine } from './user-line.ts'
import { Context, type Verb, type VerbEntry } from './verb.ts'
import { groups, verbs } from './verbs.ts'

const globalFlags: readonly Flag[] = [
  {
    name: 'host',
    short: 'H',
    value: 'string',
    help: 'Daemon socket to connect to: unix:// or tcp:// (default $TOCKER_HOST, $DOCKER_HOST, or unix:///run/tocker.sock)',
  },
  {
    name: 'context',
    short: 'c',
    value: 'string',
    help: 'Name of the context to use to connect to the daemon (overrides $DOCKER_HOST and `docker context use`)',
  },
  {
    name: 'config',
    value: 'directory',
    help: 'Location of client config files (default $DOCKER_CONFIG, or ~/.docker)',
  },
  { name: 'tls', help: 'Use TLS; implied by --tlsverify' },
  { name: 'tlscacert', value: 'file', help: 'Trust certs signed only by this CA (default ~/.docker/ca.pem)' },
  { name: 'tlscert', value: 'file', help: 'Path to TLS certificate file (default ~/.docker/cert.pem)' },
  { name: 'tlskey', value: 'file', help: 'Path to TLS key file (default ~/.docker/key.pem)' },
  { name: 'tlsverify', help: 'Use TLS and verify the remote' },
  { name: 'help', short: 'h', help: 'Print usage' },
  { name: 'version', short: 'v', help: 'Print the version' },
]
const helpFlag: Flag = { name: 'help', help: 'Print usage' }

/** Never throws. @returns the exit status: 125 for a flag that is wrong, 1 for what went wrong, as Docker's client */
export async function main(words: readonly string[], streams: Streams): Promise<number> {
  let verb: Verb | undefined
  try {
    const { flags, args } = parseFlags(words, globalFlags, { passThrough: true })
    if (flags.on('version')) return print(streams, `${packageVersion()}\n`)
    // `tocker help images` is `tocker images --help`.
    const asked = args[0] === 'help'
    const [first, ...rest] = asked ? args.slice(1) : args
    if (first === undefined) return print(streams, await programHelp())
    const found = findVerb(first, rest)
    if (!found) return await withoutVerb(first, rest, streams)
    verb = (await found.entry.load()).verb
    return await runVerb(
      found,
      verb,
      asked || flags.on('help'),
      new Context(hostWords(flags), streams, verbs),
    )
  } catch (error) {
    streams.err(userLine(error))
    return statusOf(error, verb)
  }
}

interface Found {
  /** As it was typed: `image ls`. */
  name: string
  entry: VerbEntry
  words: readonly string[]
}

function findVerb(first: string, rest: readonly string[]): Found | undefined {
  for (const [name, words] of [
    [`${first} ${rest[0]}`, rest.slice(1)],
    [first, rest],
  ] as const) {
    const entry = verbs.find(({ names }) => names.includes(name))
    if (entry) return { name, entry, words }
  }
  return undefined
}

async function runVerb(
  { name, entry, words }: Found,
  verb: Verb,
  helpAsked: boolean,
  context: Context,
): Promise<number> {
  const { flags, args } = helpAsked ? { flags: undefined, args: [] } : parseVerb(name, words, verb)
  if (!flags || flags.on('help')) {
    const { verbHelp } = await import('./help.ts')
    return print(context.streams, verbHelp(name, entry.summary, verb, entry.names))
  }
  checkArity(name, verb, args.length)
  return verb.run(context, flags, args)
}

function parseVerb(name: string, words: readonly string[], verb: Verb): { flags: Flags; args: string[] } {
  try {
    return parseFlags(words, [...verb.flags, helpFlag], { passThrough: verb.passThrough ?? false })
  } catch (error) {
    if (error instanceof UsageError) error.message += ` (see 'tocker ${name} --help')`
    throw error
  }
}

function checkArity(name: string, verb: Verb, count: number): void {
  const [least, most] = verb.arity
  if (count >= least && count <= most) return
  const plural = (wanted: number): string => `${wanted} argument${wanted === 1 ? '' : 's'}`
  const wants =
    most === 0
      ? 'accepts no arguments'
      : least === most
        ? `requires ${plural(least)}`
        : count < least
          ? `requires at least ${plural(least)}`
          : `requires at most ${plural(most)}`
  throw new UsageError(`'tocker ${name}' ${wants}: tocker ${name} ${verb.usage}`.trim(), 1)
}

function hostWords(flags: Flags): HostWords {
  const config = flags.text('config')
  // What reads it, reads it there: docker-credential helpers among others.
  if (config !== undefined) process.env.DOCKER_CONFIG = config
  const words = (['host', 'context', 'tlscacert', 'tlscert', 'tlskey'] as const).flatMap((name) => {
    const value = flags.text(name)
    return value === undefined ? [] : [[name, value] as const]
  })
  const switches = (['tls', 'tlsverify'] as const).flatMap((name) =>
    flags.has(name) ? [[name, flags.on(name)] as const] : [],
  )
  return Object.fromEntries<string | boolean>([...words, ...switches])
}

/** `tocker image`, `tocker imagse`, `tocker image lss`. */
async function withoutVerb(first: string, rest: readonly string[], streams: Streams): Promise<number> {
  const summary = Object.hasOwn(groups, first) ? groups[first] : undefined
  const second = rest.find((word) => !word.startsWith('-'))
  if (summary !== undefined && second === undefined) {
    const { twoColumns } = await import('./help.ts')
    const rows = verbs.flatMap(({ names, summary: text }) => {
      const name = names.find((one) => one.startsWith(`${first} `))
      return name === undefined ? [] : [[name.slice(first.length + 1), text] as const]
    })
    const list = twoColumns(rows.toSorted(([a], [b]) => (a < b ? -1 : 1)))
    return print(
      streams,
      `Usage:  tocker ${first} COMMAND\n\n${summary}\n\nCommands:\n${list}\nRun 'tocker ${first} COMMAND --help' for more information on a command.\n`,
    )
  }
  const { nearest } = await import('./suggestion.ts')
  const typed = summary === undefined || second === undefined ? first : `${first} ${second}`
  const meant = nearest(typed, [...verbs.flatMap(({ names }) => names), ...Object.keys(groups)])
  throw new UsageError(
    `unknown command: tocker ${typed}${meant === undefined ? '' : `; did you mean 'tocker ${meant}'?`} (see 'tocker --help')`,
    1,
  )
}

async function programHelp(): Promise<string> {
  const { describeFlags, twoColumns } = await import('./help.ts')
  const rows = verbs.map(({ names, summary }) => [names[0], summary] as const)
  return `Usage:  tocker [OPTIONS] COMMAND

A small container engine, written to be read

Commands:
${twoColumns(rows)}
Groups of them, as Docker has them:
${twoColumns(Object.entries(groups))}
Global Options:
${describeFlags(globalFlags)}
A first container:
  sudo tockerd &
  sudo tocker image bootstrap
  sudo tocker run busybox sh -c "ps; hostname"

Run 'tocker COMMAND --help' for more information on a command.
`
}

function print(streams: Streams, text: string): 0 {
  streams.out(text)
  return 0
}

function statusOf(error: unknown, verb: Verb | undefined): number {
  // Of a container that is not there Docker says 125, 126 and 127; of everything else 1.
  if (error instanceof UsageError || (error instanceof EngineError && verb?.failure === 'engine'))
    return error.exitStatus
  return verb?.failure === 'engine' ? 125 : 1
}
