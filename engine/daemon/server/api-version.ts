// Which version of the Engine API a client speaks: the prefix of the path, /v1.41/info.
// Without one it is the newest. https://docs.docker.com/reference/api/engine/#versioned-api-and-sdk
import { EngineError } from '../../errors.ts'

/** `1.51` as 51: the major number has been 1 since there is an API. */
export type ApiVersion = number

export const newestVersion: ApiVersion = 51
export const oldestVersion: ApiVersion = 24

export function spellVersion(version: ApiVersion): string {
  return `1.${version}`
}

/** Takes the version off a path. @throws EngineError `invalid`, in Docker's words, for one that is not spoken here */
export function splitVersion(path: string): { version: ApiVersion; path: string } {
  const [, minor, rest] = /^\/v1\.(\d{1,4})(\/.*)$/.exec(path) ?? []
  if (minor === undefined || rest === undefined) return { version: newestVersion, path }
  const version = Number(minor)
  if (version > newestVersion)
    throw new EngineError(
      'invalid',
      `client version ${spellVersion(version)} is too new. Maximum supported API version is ${spellVersion(newestVersion)}`,
    )
  if (version < oldestVersion)
    throw new EngineError(
      'invalid',
      `client version ${spellVersion(version)} is too old. Minimum supported API version is ${spellVersion(oldestVersion)}, please upgrade your client to a newer version`,
    )
  return { version, path: rest }
}
