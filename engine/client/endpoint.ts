// Where the daemon is: what the command line and the environment say together.
//
//   -H unix:///run/tocker.sock      a socket of this machine
//   -H tcp://host:2376 --tlsverify  another machine, which proves who it is, and to which we do
//
// Names and defaults are Docker's: DOCKER_HOST, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH count
// where no flag does. TOCKER_HOST counts before DOCKER_HOST: who has both daemons need not
// change one variable to and fro. Where nobody names an address, the current context has one.
//
// Called by client.ts. Next: engine/client/context.ts
import { EngineError } from '../errors.ts'
import { configDirectory, type Environment } from './config-file.ts'
import { findContext } from './context.ts'
import { readTlsFiles, type TlsFiles } from './tls-files.ts'

/** The global flags of the command line, as they were given. */
export interface HostWords {
  /** -H */
  host?: string
  /** -c */
  context?: string
  tls?: boolean
  tlsverify?: boolean
  tlscacert?: string
  tlscert?: string
  tlskey?: string
}

export type Endpoint = { name: string } & (
  | { kind: 'unix'; path: string }
  | { kind: 'tcp'; host: string; port: number; tls?: TlsFiles }
)

/** What tockerd listens at when nobody says anything. */
const defaultHost = 'unix:///run/tocker.sock'

/** @throws EngineError `invalid` for an address that is none, and for certificates that are not there */
export function findEndpoint(words: HostWords, env: Environment = process.env): Endpoint {
  if (words.host && words.context)
    throw new EngineError('invalid', 'conflicting options: cannot specify both --host and --context')
  const said = words.host || (words.context ? undefined : env.TOCKER_HOST || env.DOCKER_HOST)
  const context = said ? undefined : findContext(words.context || env.DOCKER_CONTEXT, configDirectory(env))
  const name = said || context?.host || defaultHost
  const [, scheme = 'tcp', rest = ''] = /^(?:(\w+):\/\/)?(.*)$/.exec(name) ?? []
  if (scheme === 'unix') {
    if (rest === '') throw unusable(name, 'a socket has a path: unix:///run/tocker.sock')
    return { name, kind: 'unix', path: rest }
  }
  if (scheme !== 'tcp' && scheme !== 'http' && scheme !== 'https')
    throw unusable(name, `there are unix:// and tcp://, and no ${scheme}://`)
  const tls = readTls(words, env, scheme === 'https') ?? context?.tls
  const [, address = '', port] = /^(\[[\da-fA-F:.]+\]|[^:/]*)(?::(\d{1,5}))?\/?$/.exec(rest) ?? [
    undefined,
    rest,
  ]
  if (/[/:]/.test(address) && !address.startsWith('[')) throw unusable(name, 'it is tcp://host:port')
  return {
    name,
    kind: 'tcp',
    host: address.replace(/^\[|\]$/g, '') || 'localhost',
    port: port === undefined ? (tls ? 2376 : 2375) : Number(port),
    ...(tls ? { tls } : {}),
  }
}

function unusable(name: string, reason: string): EngineError {
  return new EngineError('invalid', `unable to parse docker host \`${name}\`: ${reason}`)
}

function readTls(words: HostWords, env: Environment, always: boolean): TlsFiles | undefined {
  const verify = words.tlsverify ?? (env.DOCKER_TLS_VERIFY ?? '') !== ''
  if (!verify && !words.tls && !always) return undefined
  const directory = env.DOCKER_CERT_PATH || configDirectory(env)
  const { tlscacert: ca, tlscert: cert, tlskey: key } = words
  return readTlsFiles(directory, { ca, cert, key }, verify || always)
}
