// The package's version; in the sandbox it stands beside the bundle.
import { readFileSync } from 'node:fs'

export function packageVersion(): string {
  for (const path of ['./package.json', '../package.json', '../../package.json']) {
    try {
      return String(JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')).version)
    } catch {
      // Not there: the next place.
    }
  }
  return 'unknown'
}
