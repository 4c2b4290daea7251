// `npm start`: set-up, then the site. The arguments are those of `learn-containers site`.
import { spawn } from 'node:child_process'
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
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)))
