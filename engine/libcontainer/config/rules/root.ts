// `ociVersion` and `root`: for whom the bundle was written, and what becomes "/".
// config.md, "Specification version" and "Root".
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Inspection } from '../inspection.ts'

/** semver.org, its own expression without the names of the groups. */
const semver =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/

/** Minor versions add, and take nothing away: 1.9 is served as far as it is known. */
export function inspectVersion({ config, report }: Inspection): void {
  if (config.ociVersion === undefined) return
  const major = semver.exec(config.ociVersion)?.[1]
  if (major === undefined) report(['ociVersion'], 'it is not a version such as 1.2.0 (semver.org)')
  else if (major !== '1') report(['ociVersion'], `major version ${major} is not known here, 1 is`)
}

/** "A directory MUST exist at the path declared by the field." */
export function inspectRoot({ config, bundle, report }: Inspection): void {
  if (config.root === undefined) return
  const path = resolve(bundle, config.root.path)
  try {
    if (!statSync(path).isDirectory()) report(['root', 'path'], `${path} is not a directory`)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : error
    const reason = code === 'ENOENT' ? 'there is no' : `${code} for the`
    report(['root', 'path'], `${reason} directory ${path}`)
  }
}
