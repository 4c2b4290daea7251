// A context: a daemon's address and certificates under a name, as `docker context create` keeps
// them. They are Docker's files, and here they are only read.
//
//   ~/.docker/config.json                                  "currentContext": "remote"
//   ~/.docker/contexts/meta/<sha256 of the name>/meta.json   the address
//   ~/.docker/contexts/tls/<sha256 of the name>/docker/      ca.pem, cert.pem, key.pem
//
// Called by endpoint.ts.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { EngineError } from '../errors.ts'
import { configText, member, readJson } from './config-file.ts'
import { readTlsFiles, type TlsFiles } from './tls-files.ts'

export interface Context {
  host: string
  tls?: TlsFiles
}

/**
 * @param name undefined or empty: the current one
 * @param directory of Docker's configuration
 * @returns undefined for the default one, which has no files
 * @throws EngineError `not-found` for a name that there is not, `invalid` for files that say nothing
 */
export function findContext(name: string | undefined, directory: string): Context | undefined {
  const wanted = name || configText('currentContext', directory) || 'default'
  if (wanted === 'default') return undefined
  const id = createHash('sha256').update(wanted).digest('hex')
  const path = join(directory, 'contexts/meta', id, 'meta.json')
  if (!existsSync(path))
    throw new EngineError(
      'not-found',
      `unable to resolve docker endpoint: context "${wanted}": context not found: there is no ${path}`,
    )
  const endpoint = member(member(readJson(path), 'Endpoints'), 'docker')
  const host = member(endpoint, 'Host')
  if (typeof host !== 'string' || host === '')
    throw new EngineError('invalid', `context "${wanted}": ${path} names no address of a daemon`)
  const [files, skipVerify] = [
    join(directory, 'contexts/tls', id, 'docker'),
    member(endpoint, 'SkipTLSVerify'),
  ]
  if (!existsSync(files) && skipVerify !== true) return { host }
  return { host, tls: readTlsFiles(files, {}, skipVerify !== true) }
}
