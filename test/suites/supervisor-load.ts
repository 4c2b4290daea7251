// A client under load, to be killed at any moment: starts containers one after the other,
// and says on its standard output what it was told. `node supervisor-load.ts <exec-root> <bundle> <logs>`
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { SupervisorClient } from '../../engine/daemon/supervisor/client.ts'

const [directory = '', bundle = '', logs = ''] = process.argv.slice(2)
const client = await SupervisorClient.connect(directory)
for (;;) {
  const id = `lc-${randomBytes(6).toString('hex')}`
  const info = { id, name: id, image: '', imageId: '', command: '', env: [], labels: {} }
  process.stdout.write(`creating ${id}\n`)
  await client.create({
    container: id,
    ...{ bundle, runtime: 'native', terminal: false, stdin: false, stdinOnce: false },
    log: { driver: 'json-file', options: {}, path: join(logs, `${id}.log`), info },
  })
  await client.start({ container: id })
  process.stdout.write(`started ${id}\n`)
}
