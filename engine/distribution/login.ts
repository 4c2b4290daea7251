// Logging in: is this user somebody there, and where is that kept?
//
// `GET /v2/` with the credentials is the whole test. A token server may give an identity
// token for the password; then that is kept, and the password nowhere.

import { expectSuccess } from './body.ts'
import { atRegistry } from './client.ts'
import type { CredentialStore, Credentials } from './credentials.ts'
import { hub, type RegistryOptions, serverOf } from './registry.ts'
import { discard } from './transport.ts'

/**
 * @param domain `docker.io`, `registry.example:5000`
 * @returns what is to be kept: the credentials, or an identity token in place of the password
 * @throws EngineError `unauthorized` for a wrong user or password
 */
export function checkLogin(
  domain: string,
  credentials: Credentials,
  options: Omit<RegistryOptions, 'credentials'>,
  signal?: AbortSignal,
): Promise<Credentials> {
  const known = { ...options, credentials: () => credentials }
  return atRegistry(domain === '' ? hub : domain, 'push', known, signal, async (client) => {
    const what = `login at ${client.endpoint.host}`
    const answer = await client.call({ method: 'GET', path: '/v2/', scopes: [] })
    await expectSuccess(what, answer)
    discard(answer)
    const identityToken = credentials.identityToken ?? (await client.identityToken())
    const { username } = credentials
    return identityToken === undefined ? credentials : { ...(username && { username }), identityToken }
  })
}

/** checkLogin(), and keeps it. @returns the helper that keeps it; undefined when it stands in a file */
export async function login(
  domain: string,
  credentials: Credentials,
  options: Omit<RegistryOptions, 'credentials'> & { store: CredentialStore; signal?: AbortSignal },
): Promise<string | undefined> {
  const { store, signal, ...registry } = options
  return store.store(serverOf(domain), await checkLogin(domain, credentials, registry, signal))
}

/** @returns whether anybody was logged in */
export function logout(domain: string, store: CredentialStore): boolean {
  return store.erase(serverOf(domain))
}
