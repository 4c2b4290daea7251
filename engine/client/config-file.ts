// ~/.docker/config.json, of which the client here reads two fields: the current context, and the
// keys that leave a container running. Docker's own client writes it; logins in it are
// distribution/credentials.ts's.
//
// Called by context.ts and by the verbs that attach.
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { EngineError, hasCode } from '../errors.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** The directory of config.json, contexts and certificates. */
export function configDirectory(env: Environment = process.env): string {
  return env.DOCKER_CONFIG || join(homedir(), '.docker')
}

/** @returns undefined where there is no such field, or no file @throws EngineError `invalid` for a file that is no JSON */
export function configText(name: string, directory = configDirectory()): string | undefined {
  const value = member(readJson(join(directory, 'config.json')), name)
  return typeof value === 'string' ? value : undefined
}

/** @returns undefined for a file that is not there @throws EngineError `invalid` */
export function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return undefined
    throw new EngineError('invalid', `${path} cannot be read as JSON`, { cause })
  }
}

/** Not by a schema: one is loaded for 20 ms, and every verb would wait for it. */
export function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
