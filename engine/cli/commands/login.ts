// `tocker login`: who we are at a registry. The daemon asks the registry; what comes of it is
// kept where Docker's client keeps it.
import { readFileSync } from 'node:fs'
import type { EngineClient } from '../../client/client.ts'
import { CredentialStore, type Credentials } from '../../distribution/credentials.ts'
import { serverOf } from '../../distribution/registry.ts'
import { EngineError } from '../../errors.ts'
import { type Flags, UsageError } from '../flags.ts'
import type { Streams } from '../output/streams.ts'
import { ask, askSecret } from '../prompt.ts'
import { authConfig } from '../registry-auth.ts'
import type { Verb } from '../verb.ts'
import { registryDomain, shownRegistry } from './registry-domain.ts'

export const verb: Verb = {
  usage: '[OPTIONS] [SERVER]',
  flags: [
    { name: 'password', short: 'p', value: 'string', help: 'Password or access token' },
    { name: 'password-stdin', help: 'Take the password or access token from stdin' },
    { name: 'username', short: 'u', value: 'string', help: 'Username' },
  ],
  arity: [0, 1],
  notes: 'Without a server, at Docker Hub.',
  run: async ({ client, streams }, flags, [server]) => {
    const domain = registryDomain(server)
    const store = new CredentialStore()
    const kept = store.get(serverOf(domain))
    if (kept && !flags.has('username') && !flags.has('password')) {
      streams.out('Authenticating with existing credentials...\n')
      if (await accepted(client, domain, kept)) return succeeded(streams)
      streams.err('They are not accepted any more.\n')
    }
    const credentials = await accepted(client, domain, readCredentials(streams, flags, kept?.username))
    if (!credentials)
      throw new EngineError('unauthorized', `${shownRegistry(domain)} does not know this user and password`)
    if (store.store(serverOf(domain), credentials) === undefined)
      streams.err(
        `WARNING! Your password is stored unencrypted in ${store.path}: a credential helper keeps it better\n`,
      )
    return succeeded(streams)
  },
}

/** @returns what is to be kept: a registry may give a token in place of the password; undefined when they are wrong */
async function accepted(
  client: EngineClient,
  domain: string,
  credentials: Credentials,
): Promise<Credentials | undefined> {
  try {
    const { IdentityToken } = await client.json<{ IdentityToken?: string }>({
      method: 'POST',
      path: '/auth',
      body: authConfig(credentials, serverOf(domain)),
    })
    const { username } = credentials
    return IdentityToken ? { ...(username ? { username } : {}), identityToken: IdentityToken } : credentials
  } catch (error) {
    if (error instanceof EngineError && error.kind === 'unauthorized') return undefined
    throw error
  }
}

function succeeded(streams: Streams): 0 {
  streams.out('Login Succeeded\n')
  return 0
}

function readCredentials(
  streams: Streams,
  flags: Flags,
  last: string | undefined,
): { username: string; password: string } {
  const fromStdin = flags.on('password-stdin')
  const given = flags.text('password')
  if (given !== undefined && fromStdin)
    throw new UsageError('conflicting options: cannot specify both --password and --password-stdin', 1)
  if (fromStdin && !flags.has('username'))
    throw new UsageError('the --password-stdin option requires --username to be set', 1)
  if (given !== undefined)
    streams.err('WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n')
  const asks = (!flags.has('username') || (given === undefined && !fromStdin)) && process.stdin.isTTY !== true
  if (asks)
    throw new EngineError(
      'invalid',
      'cannot perform an interactive login from a non TTY device: give -u and --password-stdin',
    )
  const hint = last === undefined ? '' : ` (${last})`
  const username = flags.text('username') ?? (ask(streams, `Username${hint}: `) || last)
  if (!username) throw new EngineError('invalid', 'a login needs a username')
  const password = fromStdin
    ? readFileSync(0, 'utf8').replace(/\r?\n$/, '')
    : (given ?? askSecret(streams, 'Password: '))
  if (!password) throw new EngineError('invalid', 'a login needs a password')
  return { username, password }
}
