// Who we are at a registry, told to the daemon with the one request that needs it. Kept
// where Docker's client keeps it; base64url of JSON on the way.
// https://docs.docker.com/reference/api/engine/#authentication
import { type Credentials, usersCredentials } from '../distribution/credentials.ts'

/** @param domain `docker.io`, `localhost:5000` @returns the header; empty for who is not logged in there */
export function authHeader(domain: string): Record<string, string> {
  const known = usersCredentials()(domain)
  return known === undefined ? {} : { 'X-Registry-Auth': encodeAuth(known, domain) }
}

function encodeAuth(credentials: Credentials, serveraddress: string): string {
  return Buffer.from(JSON.stringify(authConfig(credentials, serveraddress))).toString('base64url')
}

/** As the API spells it. */
export function authConfig(
  { username, password, identityToken, registryToken }: Credentials,
  serveraddress: string,
): Record<string, string> {
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(identityToken === undefined ? {} : { identitytoken: identityToken }),
    ...(registryToken === undefined ? {} : { registrytoken: registryToken }),
    serveraddress,
  }
}
