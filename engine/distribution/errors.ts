// What goes wrong between here and a registry, in one line that says what to do.
//
// Three kinds of bad news. The registry's own, which the specification gives a shape:
//
//   404  {"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}
//
// answers of somebody in between, such as the web page of a proxy or of a hotel's
// network; and no answer at all, where the code of the failed call says why.
//
// Everything here was written by others. It is cut to a length that fits a line, and
// loses its control characters, which could redraw the reader's terminal.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes
import * as z from 'zod/mini'
import { EngineError, type EngineErrorKind, errorLine } from '../errors.ts'
import { codeOf, isPassing } from './retry.ts'
import type { Answer } from './transport.ts'

/** A registry's refusal: its status and codes tell callers which one it was. */
export class RegistryError extends EngineError {
  readonly status: number
  /** `MANIFEST_UNKNOWN`, … */
  readonly codes: readonly string[]

  constructor(kind: EngineErrorKind, message: string, status: number, codes: readonly string[]) {
    super(kind, message)
    this.name = 'RegistryError'
    this.status = status
    this.codes = codes
  }
}

/** No answer at all. */
export class ConnectionError extends EngineError {
  /** `ECONNREFUSED`, `CERT_HAS_EXPIRED`, … */
  readonly code: string

  constructor(message: string, code: string) {
    super('unavailable', message)
    this.name = 'ConnectionError'
    this.code = code
  }
}

const errorSchema = z.object({
  code: z.optional(z.union([z.string(), z.number()])),
  message: z.optional(z.string()),
  detail: z.optional(z.unknown()),
})
/** The specification's, and what token servers and the Hub say instead. */
const bodySchema = z.object({
  errors: z.optional(z.array(errorSchema)),
  message: z.optional(z.string()),
  details: z.optional(z.string()),
  detail: z.optional(z.string()),
  error: z.optional(z.string()),
  error_description: z.optional(z.string()),
})

/** Where errors are concerned, this much of an answer says enough. */
export const mostErrorBytes = 64 * 1024

/**
 * An answer that is no success, as an error.
 * @param what was wanted: `manifest for busybox:1.36`
 * @param body the start of it
 */
export function answerError(
  what: string,
  answer: Pick<Answer, 'status' | 'headers' | 'url'>,
  body: string,
): RegistryError {
  const { codes, words } = readBody(body)
  const { status } = answer
  const host = answer.url.host
  const page = codes.length === 0 && isPage(String(answer.headers['content-type'] ?? ''), body)
  const said = words === '' ? `status ${status}` : words
  const error = (kind: EngineErrorKind, line: string): RegistryError =>
    new RegistryError(kind, line, status, codes)
  if (status === 407)
    return error('unavailable', `the proxy wants to know who we are: put user:password@ into HTTPS_PROXY`)
  if (page && status !== 401)
    return error(
      'unavailable',
      `${what}: ${host} answered with a web page (status ${status}), not as a registry: is this its address, and is no proxy in between?`,
    )
  if (status === 429 || codes.includes('TOOMANYREQUESTS'))
    return error('unavailable', `${what}: ${host} limits requests: ${said}${whenAgain(answer)}`)
  if (status === 401 || codes.includes('UNAUTHORIZED'))
    return error('unauthorized', `${what}: ${host} wants a login: ${said}: tocker login ${host}`)
  if (status === 403 || codes.includes('DENIED'))
    return error(
      'forbidden',
      `${what}: access denied, or there is no such repository: ${said}: tocker login ${host} as somebody who may`,
    )
  if (status === 404) return error('not-found', `${what} not found: ${said}`)
  if (status === 405 || status === 501 || codes.includes('UNSUPPORTED'))
    return error('not-implemented', `${what}: ${host} does not offer this: ${said}`)
  if (isPassing(status) || status >= 500)
    return error('unavailable', `${what}: ${host} cannot answer now: ${said}: try again later`)
  return error('invalid', `${what}: ${host} refused: ${said}`)
}

function readBody(body: string): { codes: string[]; words: string } {
  const parsed = bodySchema.safeParse(json(body))
  if (!parsed.success) return { codes: [], words: '' }
  const { errors = [], message, details, detail, error, error_description } = parsed.data
  const codes = errors.map(({ code }) => String(code ?? '')).filter(Boolean)
  const words = errors.map(({ code, message: text }) => text || String(code ?? '')).filter(Boolean)
  const other = [error_description ?? error, message, details ?? detail].filter((text) => text !== undefined)
  return { codes, words: plain((words.length > 0 ? words : other).join('; ')) }
}

function isPage(type: string, body: string): boolean {
  return /^text\/html/i.test(type) || /^\s*<(!doctype|html)/i.test(body)
}

function whenAgain({ headers }: Pick<Answer, 'headers'>): string {
  const seconds = String(headers['retry-after'] ?? '')
  return /^\d{1,7}$/.test(seconds) ? `: try again in ${seconds} s` : ': log in, or try again later'
}

/** One line without control characters, of 300 characters at most. */
export function plain(text: string): string {
  const line = text
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .slice(0, 301)
  return line.length > 300 ? `${line.slice(0, 299)}…` : line
}

/** Of text that may be JSON. */
export function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The line for a request that failed; what undici says stands in it only when we know no better. */
export function connectionError(url: URL, cause: unknown): ConnectionError {
  const code = codeOf(cause)
  return new ConnectionError(reason(url, code) ?? `ask ${url.host}: ${plain(errorLine(cause))}`, code)
}

/** A private CA, a wrong name and an expired certificate are told apart by OpenSSL's codes. */
const unknownSigner =
  /^(UNABLE_TO_|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|ERR_TLS_CERT_SIGNATURE|CERT_UNTRUSTED)/

export function isUnknownSigner(code: string): boolean {
  return unknownSigner.test(code)
}

function reason({ host, hostname }: URL, code: string): string | undefined {
  switch (code) {
    case 'ENOTFOUND':
      return `there is no host named ${hostname}: check the name, and this machine's DNS`
    case 'EAI_AGAIN':
      return `the name ${hostname} cannot be looked up now: is this machine online?`
    case 'ECONNREFUSED':
      return `nobody answers at ${host}: does the registry run?`
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `there is no way to ${host}: is this machine online?`
    case 'ETIMEDOUT':
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
      return `${host} takes too long to answer: try again later`
    case 'ECONNRESET':
    case 'EPIPE':
    case 'UND_ERR_SOCKET':
      return `${host} breaks off the connection: try again later`
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return `the certificate of ${host} is not valid today: check this machine's clock, then ask who runs it`
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `the certificate of ${host} is for another name: use the name that it has`
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return `${host} does not speak TLS: if it is meant to, put it into insecure-registries`
    case 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED':
      return `${host} wants a certificate from us: put client.cert and client.key into /etc/docker/certs.d/${host}/`
    default:
      return isUnknownSigner(code)
        ? `the certificate of ${host} is signed by nobody we know: put its CA into /etc/docker/certs.d/${host}/ca.crt`
        : undefined
  }
}
