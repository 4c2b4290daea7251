// Who we are at each registry: ~/.docker/config.json, the file that Docker's client keeps.
//
//   {
//     "auths": { "registry.example": { "auth": "bWlhOnNlY3JldA==" } },   base64 of mia:secret
//     "credsStore": "pass",                              kept by docker-credential-pass
//     "credHelpers": { "ecr.example": "ecr-login" }      for this registry by another one
//   }
//
// The file is shared with docker, podman, skopeo and editors' extensions: whatever else
// stands in it stays. It is replaced by rename(2), so nobody ever reads half of it, and
// is 0600 from its first byte on, since base64 hides nothing.
// https://docs.docker.com/reference/cli/docker/login/
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import * as z from 'zod/mini'
import { EngineError } from '../errors.ts'
import { helperErase, helperGet, helperList, helperStore } from './credential-helper.ts'
import { json } from './errors.ts'
import { serverOf } from './registry.ts'

export interface Credentials {
  username?: string
  password?: string
  /** What the registry gave in place of the password: good for tokens, and for nothing else. */
  identityToken?: string
  /** A token for requests themselves, as API clients send it. */
  registryToken?: string
}

const entrySchema = z.looseObject({
  auth: z.optional(z.string()),
  username: z.optional(z.string()),
  password: z.optional(z.string()),
  identitytoken: z.optional(z.string()),
  registrytoken: z.optional(z.string()),
})
const fileSchema = z.looseObject({
  auths: z.optional(z.record(z.string(), entrySchema)),
  credsStore: z.optional(z.string()),
  credHelpers: z.optional(z.record(z.string(), z.string())),
})
type File = z.infer<typeof fileSchema>

export class CredentialStore {
  readonly path: string

  /** @param directory $DOCKER_CONFIG, or ~/.docker */
  constructor(directory = process.env.DOCKER_CONFIG || join(homedir(), '.docker')) {
    this.path = join(directory, 'config.json')
  }

  /**
   * @param server as serverOf() names it
   * @throws EngineError `invalid` for a file that cannot be read, `unavailable` when a helper fails
   */
  get(server: string): Credentials | undefined {
    const file = this.#read()
    const helper = helperOf(file, server)
    const kept = helper === undefined ? undefined : helperGet(helper, server)
    if (kept !== undefined) return kept
    const auths = file.auths ?? {}
    // Older clients wrote `https://registry.example/v1/` where now only the host stands.
    const key = server in auths ? server : Object.keys(auths).find((name) => hostOf(name) === hostOf(server))
    return key === undefined ? undefined : fromEntry(key, auths[key] ?? {})
  }

  /** @returns the helper that keeps it now; undefined when it stands in the file, readable to whoever reads it */
  store(server: string, credentials: Credentials): string | undefined {
    const file = this.#read()
    const helper = helperOf(file, server)
    if (helper !== undefined) helperStore(helper, server, credentials)
    // With a helper Docker leaves an empty entry, by which `logout` knows where one is logged in.
    const entry = helper === undefined ? toEntry(credentials) : {}
    this.#write({ ...file, auths: { ...file.auths, [server]: entry } })
    return helper
  }

  /** @returns whether there was anything */
  erase(server: string): boolean {
    const file = this.#read()
    const helper = helperOf(file, server)
    const kept = helper !== undefined && helperGet(helper, server) !== undefined
    if (helper !== undefined && kept) helperErase(helper, server)
    const auths = Object.entries(file.auths ?? {})
    const rest = auths.filter(([name]) => name !== server && hostOf(name) !== hostOf(server))
    if (rest.length === auths.length) return kept
    this.#write({ ...file, auths: Object.fromEntries(rest) })
    return true
  }

  /** Servers where we are somebody, and who; an identity token has no name. */
  list(): Record<string, string> {
    const file = this.#read()
    const inFile = Object.entries(file.auths ?? {}).map(([server, entry]) => {
      return [server, fromEntry(server, entry)?.username ?? ''] as const
    })
    return {
      ...Object.fromEntries(inFile),
      ...(file.credsStore ? helperList(file.credsStore) : {}),
    }
  }

  #read(): File {
    let text: string
    try {
      text = readFileSync(this.path, 'utf8')
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR'))
        return {}
      throw new EngineError('forbidden', `read ${this.path}`, { cause })
    }
    // An empty file is what a full disk leaves of an older client; Docker takes it for {}, too.
    const parsed = fileSchema.safeParse(text.trim() === '' ? {} : json(text))
    if (!parsed.success)
      throw new EngineError('invalid', `${this.path} is no configuration of a Docker client: mend or move it`)
    return parsed.data
  }

  #write(file: File): void {
    let beside: string | undefined
    try {
      mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 })
      // A link into a directory of dotfiles stays a link.
      const target = real(this.path)
      beside = `${target}.${process.pid}.tmp`
      rmSync(beside, { force: true })
      const fd = openSync(beside, 'wx', 0o600)
      try {
        writeSync(fd, `${JSON.stringify(file, undefined, '\t')}\n`)
        fsyncSync(fd)
      } finally {
        closeSync(fd)
      }
      renameSync(beside, target)
    } catch (cause) {
      if (beside !== undefined) rmSync(beside, { force: true })
      throw new EngineError('forbidden', `write ${this.path}`, { cause })
    }
  }
}

function helperOf({ credHelpers, credsStore }: File, server: string): string | undefined {
  return credHelpers?.[server] || credHelpers?.[hostOf(server)] || credsStore || undefined
}

function fromEntry(server: string, entry: z.infer<typeof entrySchema>): Credentials | undefined {
  const { identitytoken, registrytoken, auth } = entry
  const tokens = {
    ...(identitytoken && { identityToken: identitytoken }),
    ...(registrytoken && { registryToken: registrytoken }),
  }
  const words = auth
    ? Buffer.from(auth, 'base64').toString()
    : `${entry.username ?? ''}:${entry.password ?? ''}`
  // A user's name has no colon, a password may.
  const [, username = '', password = ''] = /^([^:]*):(.*)$/s.exec(words.replace(/\0+$/, '')) ?? []
  if (auth && username === '' && !identitytoken)
    throw new EngineError('invalid', `the login for ${server} in config.json is damaged: log in again`)
  const user = username === '' ? {} : { username, password }
  const all = { ...user, ...tokens }
  return Object.keys(all).length === 0 ? undefined : all
}

function toEntry({ username = '', password = '', identityToken }: Credentials): z.infer<typeof entrySchema> {
  // With an identity token the password need not be kept at all.
  const words = `${username}:${identityToken === undefined ? password : ''}`
  return {
    auth: Buffer.from(words).toString('base64'),
    ...(identityToken === undefined ? {} : { identitytoken: identityToken }),
  }
}

/** `https://registry.example/v1/` is registry.example. */
function hostOf(server: string): string {
  return server.replace(/^https?:\/\//, '').replace(/\/.*$/, '')
}

function real(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

/** What the user's own configuration says, as RegistryOptions take it. */
export function usersCredentials(store = new CredentialStore()): (server: string) => Credentials | undefined {
  return (server) => store.get(serverOf(server))
}
