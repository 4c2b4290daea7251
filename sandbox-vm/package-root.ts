// Where this package lies on disk.
//
// Called by everything that reads files of the package at run time: lessons,
// guest files, bundles. The code may run from dist/*.mjs (installed or in a
// clone) or from sources under the test runner, so it walks up to package.json.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

let found: string | undefined

/** Absolute path of the directory that holds learn-containers' own package.json. */
export function packageRoot(): string {
  if (found !== undefined) return found
  for (let directory = dirname(fileURLToPath(import.meta.url)); ; directory = dirname(directory)) {
    const manifest = join(directory, 'package.json')
    if (existsSync(manifest) && /"name":\s*"learn-containers"/.test(readFileSync(manifest, 'utf8'))) {
      found = directory
      return directory
    }
    if (dirname(directory) === directory) {
      throw new Error('learn-containers: no package.json above the program: install the package again')
    }
  }
}
