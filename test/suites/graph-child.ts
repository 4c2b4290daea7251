// A process that works with a graph driver until it is killed: started by the suite of the
// drivers, which then looks at what is left, and whether it can be cleaned up.
//
//   node graph-child.ts <root> <driver> apply|get|work|delete [storage option…]
//
// The root has a layer `base`. Layers that are made here begin with `k-`. `delete` ends by
// itself, with what it changed as JSON: it is run in a user namespace.
import { mkdirSync, readdirSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pack } from '../../engine/archive/pack.ts'
import { openGraphDriver } from '../../engine/drivers/graph/choice.ts'

const [root = '', name = '', verb = '', ...options] = process.argv.slice(2)
const { driver } = await openGraphDriver(root, name, options)
const say = (word: string): void => void writeSync(1, `${word}\n`)

if (verb === 'apply') {
  await driver.create('k-apply', 'base')
  say('ready')
  // Its end never comes.
  await driver.applyDiff('k-apply', process.stdin.pipe(new PassThrough()))
} else if (verb === 'get') {
  await driver.createReadWrite('k-get', 'base')
  await driver.get('k-get')
  await driver.get('base')
  say('ready')
  process.stdin.resume()
} else if (verb === 'delete') {
  await driver.create('base')
  await driver.applyDiff('base', Readable.from([await buffer(pack(join(root, 'source')))]))
  await driver.createReadWrite('k-delete', 'base')
  const rootfs = await driver.get('k-delete')
  rmSync(join(rootfs, 'one/a'))
  rmSync(join(rootfs, 'two'), { recursive: true })
  mkdirSync(join(rootfs, 'two'))
  writeFileSync(join(rootfs, 'two/new'), '')
  await driver.put('k-delete')
  const changes = await driver.changes('k-delete')
  // And the archive of it says the same, when it is a layer again.
  await driver.create('k-again', 'base')
  await driver.applyDiff('k-again', Readable.from([await buffer(await driver.diff('k-delete'))]))
  const names = readdirSync(await driver.get('k-again'), { recursive: true })
  say(JSON.stringify({ changes, names: names.sort() }))
  await driver.put('k-again')
  for (const id of ['k-again', 'k-delete', 'base']) await driver.remove(id)
  await driver.close()
} else {
  say('ready')
  for (let round = 0; ; round++) {
    const [layer, container] = [`k-${round}`, `k-${round}-c`]
    await driver.create(layer, 'base')
    await driver.applyDiff(layer, Readable.from(pack(import.meta.dirname)))
    await driver.createReadWrite(container, layer)
    await driver.get(container)
    await driver.put(container)
    await driver.remove(container)
    await driver.remove(layer)
  }
}
