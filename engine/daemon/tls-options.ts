// --tls and its kin: files on the command line become what a TLS server needs.
//
// Called by options.ts.
import { readFileSync } from 'node:fs'
import { EngineError } from '../errors.ts'
import type { ServerTls } from './server/server.ts'

interface TlsWords {
  tls?: boolean | undefined
  tlsverify?: boolean | undefined
  tlscacert?: string | undefined
  tlscert?: string | undefined
  tlskey?: string | undefined
}

/** What of `words` is about TLS, and said. */
export function tlsWords({ tls, tlsverify, tlscacert, tlscert, tlskey }: TlsWords): TlsWords {
  const all = { tls, tlsverify, tlscacert, tlscert, tlskey }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

/** --tlsverify asks clients for a certificate, --tls does not. @throws EngineError `invalid` */
export function readTls({ tls, tlsverify, tlscacert, tlscert, tlskey }: TlsWords): ServerTls | undefined {
  if (!tls && !tlsverify) return undefined
  if (tlscert === undefined || tlskey === undefined)
    throw new EngineError(
      'invalid',
      '--tls needs --tlscert and --tlskey: the certificate of this daemon, and its key',
    )
  if (tlsverify && tlscacert === undefined)
    throw new EngineError(
      'invalid',
      '--tlsverify needs --tlscacert: who has signed the certificates of clients',
    )
  return {
    cert: readPem('--tlscert', tlscert),
    key: readPem('--tlskey', tlskey),
    ...(tlsverify && tlscacert !== undefined ? { ca: readPem('--tlscacert', tlscacert) } : {}),
  }
}

function readPem(flag: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new EngineError('invalid', `${flag} ${path}`, { cause })
  }
}
