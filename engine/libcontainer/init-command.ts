// The command line that becomes init: our own Node, and the bundle tocker-init,
// which stands beside the one that runs now.
import { realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'

export function initCommand(): [string, ...string[]] {
  const beside = dirname(realpathSync(process.argv[1] ?? ''))
  return [process.execPath, join(beside, 'tocker-init.mjs')]
}
