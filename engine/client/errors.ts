// What went wrong between us and the daemon, as one line: its own words when it answers with
// an error, ours when there is nobody to answer.
//
// From the status of HTTP to the kind of an error: the way back from
// engine/daemon/server/error-response.ts.
//
// Called by client.ts.
import { EngineError, type EngineErrorKind } from '../errors.ts'
import type { Endpoint } from './endpoint.ts'

const kinds: Readonly<Record<number, EngineErrorKind>> = {
  400: 'invalid',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not-found',
  409: 'conflict',
  501: 'not-implemented',
  503: 'unavailable',
}

/** @param body `{"message":"No such container: web"}`; of what is no Engine API, anything */
export function answeredError(status: number, body: string): EngineError {
  return new EngineError(
    kinds[status] ?? 'internal',
    messageOf(body) ?? `the daemon answered ${status}: ${body}`,
  )
}

function messageOf(body: string): string | undefined {
  try {
    const { message } = JSON.parse(body)
    return typeof message === 'string' ? message.trim() : undefined
  } catch {
    return undefined
  }
}

/** Of a connection that did not come about, or broke off. */
export function connectionError(endpoint: Endpoint, error: unknown): Error {
  if (!(error instanceof Error) || error instanceof EngineError)
    return new EngineError('unavailable', String(error))
  const code = 'code' in error ? String(error.code) : ''
  const { name } = endpoint
  if (code === 'EACCES' || code === 'EPERM')
    return new EngineError(
      'forbidden',
      `permission denied at ${name}: whoever may use the daemon is root here; run it with sudo, or as a member of the socket's group`,
    )
  if (
    ['ENOENT', 'ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENOTSOCK', 'ENOTDIR'].includes(code)
  )
    return new EngineError(
      'unavailable',
      `Cannot connect to the tocker daemon at ${name}: is tockerd running? start it with 'sudo tockerd &'`,
    )
  const tls = tlsReason(`${code} ${error.message}`, endpoint)
  if (tls !== undefined) return new EngineError('unavailable', `cannot use the daemon at ${name}: ${tls}`)
  return new EngineError('unavailable', `the connection to the daemon at ${name} broke off`, { cause: error })
}

/** @param words Node's code and OpenSSL's sentence @returns what to do about it; undefined for what is not about TLS */
function tlsReason(words: string, endpoint: Endpoint): string | undefined {
  if (endpoint.kind !== 'tcp') return undefined
  const code = words.toUpperCase().replaceAll(' ', '_')
  if (endpoint.tls === undefined)
    return /^(ECONNRESET|HPE_)/.test(code)
      ? 'it does not answer in HTTP: perhaps it speaks TLS: --tlsverify, or DOCKER_TLS_VERIFY=1'
      : undefined
  if (/CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE/.test(code))
    return 'it wants a certificate of yours: --tlscert and --tlskey, or cert.pem and key.pem in DOCKER_CERT_PATH'
  // Node's server says nothing: it hangs up.
  if (/^ECONNRESET|ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_|DECRYPT_ERROR|ACCESS_DENIED)/.test(code))
    return 'it does not accept your certificate: its authority did not sign it, or its time is over'
  if (code.startsWith('ERR_TLS_CERT_ALTNAME_INVALID'))
    return 'its certificate is for another name: use one that the certificate has'
  if (/^CERT_(HAS_EXPIRED|NOT_YET_VALID)/.test(code))
    return 'its certificate is not valid now: look at both clocks, or let it have a new one'
  if (/SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|CERT_UNTRUSTED|CERT_SIGNATURE_FAILURE/.test(code))
    return 'its certificate is not signed by an authority that you trust: --tlscacert, or ca.pem in DOCKER_CERT_PATH'
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG/.test(code))
    return 'it does not speak TLS: leave --tls and --tlsverify, or DOCKER_TLS_VERIFY, away'
  return undefined
}
