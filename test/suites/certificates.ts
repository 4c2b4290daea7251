// A private CA and what it signs, by openssl(1): for registries that nobody else vouches for.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Authority {
  /** The CA's certificate, as PEM. */
  ca: string
  /** A server's for 127.0.0.1, localhost, and what was asked for. */
  server: { cert: string; key: string }
  /** Whoever shows it, the CA knows. */
  client: { cert: string; key: string }
  /** Paths of the server's. */
  files: { cert: string; key: string }
}

/**
 * @param directory gets the files
 * @param address one more that the server has
 */
export function makeAuthority(directory: string, address = '127.0.0.1'): Authority {
  const at = (name: string): string => join(directory, 'authority', name)
  mkdirSync(at('.'), { recursive: true })
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { stdio: 'ignore' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  openssl(
    ...['req', '-x509', ...key, '-keyout', at('ca.key'), '-out', at('ca.crt'), '-days', '2'],
    ...['-subj', '/CN=lc test authority'],
  )
  const sign = (name: string, extensions: string): { cert: string; key: string } => {
    writeFileSync(at('extensions'), extensions)
    openssl('req', ...key, '-keyout', at(`${name}.key`), '-out', at('request'), '-subj', `/CN=${name}`)
    openssl(
      ...[
        'x509',
        '-req',
        '-in',
        at('request'),
        '-CA',
        at('ca.crt'),
        '-CAkey',
        at('ca.key'),
        '-CAcreateserial',
      ],
      ...['-out', at(`${name}.crt`), '-days', '2', '-extfile', at('extensions')],
    )
    return { cert: readFileSync(at(`${name}.crt`), 'utf8'), key: readFileSync(at(`${name}.key`), 'utf8') }
  }
  return {
    ca: readFileSync(at('ca.crt'), 'utf8'),
    server: sign('server', `subjectAltName=IP:127.0.0.1,IP:${address},DNS:localhost`),
    client: sign('client', 'extendedKeyUsage=clientAuth'),
    files: { cert: at('server.crt'), key: at('server.key') },
  }
}
