// Private certificates of a registry: what `/etc/docker/certs.d/<host>/` holds.
//
//   /etc/docker/certs.d/registry.example:5000/
//     ca.crt         any *.crt: a CA that this registry may be signed by, besides the known ones
//     client.cert    any *.cert, with the *.key of the same name: who we are
//     client.key
//
// A host without a directory is the usual case. A directory that cannot be used is an
// error: falling back to the public CAs would tell the reader that the certificate is
// unknown, and not that the file which should make it known is broken.
import { X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSecureContext, getCACertificates, type SecureContextOptions } from 'node:tls'
import { EngineError } from '../errors.ts'

const defaultCertificates = '/etc/docker/certs.d'

/**
 * For the TLS connections to one host.
 * @param system trust whatever this machine's administrator has made other programs trust, too. Reading
 * all of /etc/ssl/certs takes a tenth of a second, so that is for when the usual CAs do not do
 * @throws EngineError `invalid` for files that are no certificates, or a certificate without its key
 */
export function certificatesOf(
  host: string,
  directory = defaultCertificates,
  system = false,
): SecureContextOptions {
  const own = join(directory, host)
  const names = list(own)
  const read = (name: string): Buffer => readFileSync(join(own, name))
  const authorities = names.filter((name) => name.endsWith('.crt')).map(read)
  const identities = names.filter((name) => name.endsWith('.cert'))
  for (const [name, other] of [
    ...identities.map((name) => [name, name.replace(/cert$/, 'key')]),
    ...names.filter((name) => name.endsWith('.key')).map((name) => [name, name.replace(/key$/, 'cert')]),
  ])
    if (name !== undefined && other !== undefined && !names.includes(other))
      throw new EngineError(
        'invalid',
        `${join(own, name)} has no ${other} beside it; a CA's certificate is called *.crt`,
      )
  const context: SecureContextOptions = {
    // `ca` replaces what Node trusts by itself, so that is handed in again.
    ...(authorities.length > 0 || system ? { ca: [...trusted(system), ...authorities] } : {}),
    ...(identities.length > 0
      ? { cert: identities.map(read), key: identities.map((name) => read(name.replace(/cert$/, 'key'))) }
      : {}),
  }
  try {
    // A CA that is none, OpenSSL passes over.
    for (const authority of authorities) new X509Certificate(authority)
    if (names.length > 0) createSecureContext(context)
  } catch (cause) {
    throw new EngineError('invalid', `the certificates in ${own} cannot be used`, { cause })
  }
  return context
}

function trusted(system: boolean): string[] {
  return [...new Set([...getCACertificates('default'), ...(system ? getCACertificates('system') : [])])]
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory).sort()
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR'))
      return []
    throw new EngineError('forbidden', `read the certificates in ${directory}`, { cause })
  }
}
