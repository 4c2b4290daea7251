// The three files of a connection by TLS: whom we trust, who we are, and the key that proves it.
//
// They are looked at here, where it can be said which of them is wrong: of a file that is no
// certificate OpenSSL says `no start line`, and not which file.
//
// Called by endpoint.ts.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { EngineError } from '../errors.ts'

export interface TlsFiles {
  ca?: Buffer
  cert?: Buffer
  key?: Buffer
  /** Is the daemon's own certificate looked at? */
  verify: boolean
}

const kinds = ['ca', 'cert', 'key'] as const
type Kind = (typeof kinds)[number]

/**
 * @param directory has ca.pem, cert.pem and key.pem; what is not there is done without, as by Docker's client
 * @param given paths of files that must be there
 * @throws EngineError `invalid` for one that cannot be read, or is not what it should be
 */
export function readTlsFiles(
  directory: string,
  given: Readonly<Partial<Record<Kind, string | undefined>>>,
  verify: boolean,
): TlsFiles {
  const files: TlsFiles = { verify }
  const paths = { ca: '', cert: '', key: '' }
  for (const kind of kinds) {
    paths[kind] = given[kind] ?? join(directory, `${kind}.pem`)
    const bytes = readPem(paths[kind], given[kind] !== undefined)
    if (bytes !== undefined) files[kind] = bytes
  }
  const { ca, cert, key } = files
  if (ca) check({ ca }, `the TLS file ${paths.ca} is no certificate`)
  if (cert) check({ cert }, `the TLS file ${paths.cert} is no certificate`)
  if (key) check({ key }, `the TLS file ${paths.key} is no key that can be read`)
  if (cert && key) check({ cert, key }, `the key ${paths.key} is not that of the certificate ${paths.cert}`)
  return files
}

function check(files: Partial<Record<Kind, Buffer>>, problem: string): void {
  try {
    process.getBuiltinModule('node:tls').createSecureContext(files)
  } catch (cause) {
    throw new EngineError('invalid', problem, { cause })
  }
}

function readPem(path: string, must: boolean): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch (cause) {
    if (!must) return undefined
    throw new EngineError('invalid', `could not read the TLS file ${path}`, { cause })
  }
}
