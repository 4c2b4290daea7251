// `npm start`: brings what is missing, then becomes `learn-containers site`, whose
// arguments these are: `npm start -- --port 8080 --keep`.
//
// Runs on the machine's own Node, 20 or newer; the site runs on the project's.
//
// Next: site/server/main.ts
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { join } from 'node:path'
import { projectNode, root, setUp } from '../sandbox-vm/setup.mjs'

setUp('start')
const child = spawn(
  projectNode(),
  [join(root, 'dist/learn-containers.mjs'), 'site', '--open', ...process.argv.slice(2)],
  { stdio: 'inherit' },
)
// A terminal sends Ctrl-C to both of us; the site ends by it, and so do we then.
process.on('SIGINT', () => {})
for (const signal of /** @type {const} */ (['SIGTERM', 'SIGHUP']))
  process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : (code ?? 1)))
