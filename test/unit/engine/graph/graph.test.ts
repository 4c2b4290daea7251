// The graph as a whole: its lock, its database, its layers, and how opening it cleans up.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { chainId } from '../../../../engine/graph/chain-id.ts'
import { sha256 } from '../../../../engine/graph/digest.ts'
import { type Graph, openGraph } from '../../../../engine/graph/graph.ts'
import { GraphDB } from '../../../../engine/graph/graphdb.ts'
import { packageRoot } from '../../../../sandbox-vm/package-root.ts'
import { MemoryDriver } from '../../../suites/memory-driver.ts'

let root: string
let driver: MemoryDriver
let graph: Graph
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'lc-graph-'))
  driver = new MemoryDriver()
  graph = await openGraph(root, driver)
})
afterEach(async () => {
  await graph[Symbol.asyncDispose]()
  rmSync(root, { recursive: true, force: true })
})

async function reopen(): Promise<void> {
  await graph[Symbol.asyncDispose]()
  graph = await openGraph(root, driver)
}
const tar = (text: string) => () => Readable.from([Buffer.from(text)], { objectMode: false })
const a = sha256('a')
const ab = chainId(a, sha256('b'))
const image = { parent: null, manifest: null, created: 0, last_tagged: null }

describe('the lock', () => {
  // Only another process counts: the first one is this one.
  test('is held, and says by whom', async () => {
    await expect(openGraph(root, new MemoryDriver())).rejects.toThrow(
      new RegExp(`^${root} is in use by PID ${process.pid} \\(.*node`),
    )
  })
  test('is waited for as long as one wants', async () => {
    const waiting = openGraph(root, new MemoryDriver(), { wait: 10_000 })
    await graph[Symbol.asyncDispose]()
    graph = await waiting
  })
  test.runIf(process.platform === 'linux')('ends with kill -9 of its holder', async () => {
    const other = join(root, 'other')
    const program = `
      const { openGraph } = await import(${JSON.stringify(join(packageRoot(), 'engine/graph/graph.ts'))})
      const { MemoryDriver } = await import(${JSON.stringify(join(packageRoot(), 'test/suites/memory-driver.ts'))})
      await openGraph(${JSON.stringify(other)}, new MemoryDriver())
      console.log('open')
      setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    await expect(openGraph(other, new MemoryDriver(), { wait: 30 })).rejects.toThrow(
      `in use by PID ${child.pid} (`,
    )
    child.kill('SIGKILL')
    await once(child, 'exit')
    await (await openGraph(other, new MemoryDriver()))[Symbol.asyncDispose]()
  })
  test('is let go of when opening fails', async () => {
    await graph[Symbol.asyncDispose]()
    const broken = new MemoryDriver()
    broken.cleanup = () => Promise.reject(new Error('no device'))
    await expect(openGraph(root, broken)).rejects.toThrow('no device')
    expect(broken.calls).toEqual(['close'])
    graph = await openGraph(root, driver)
  })
})

describe('the database', () => {
  const path = (): string => join(root, 'some.db')
  test('of a newer tocker is refused in one line', () => {
    GraphDB.open(path())[Symbol.dispose]()
    const database = new DatabaseSync(path())
    database.exec('PRAGMA user_version = 999')
    database.close()
    expect(() => GraphDB.open(path())).toThrow(/written by a newer tocker \(schema 999, this one knows \d+\)/)
  })
  test('that is none says so', () => {
    writeFileSync(path(), 'x'.repeat(5000))
    expect(() => GraphDB.open(path())).toThrow(/open the database/)
    expect(() => GraphDB.open(join(root, 'no/where.db'))).toThrow(/open the database/)
  })
  test('undoes a transaction that fails', () => {
    const work = (): void => {
      graph.db.images.add({ id: 'sha256:1', top_layer: null, ...image })
      throw new Error('on second thought')
    }
    expect(() => graph.db.transaction(work)).toThrow('on second thought')
    expect(graph.db.images.all()).toEqual([])
  })
  test('gives a name to one image at a time', () => {
    for (const id of ['sha256:1', 'sha256:2']) graph.db.images.add({ id, top_layer: null, ...image })
    graph.db.names.set('a/b:1', 'sha256:1')
    graph.db.names.set('a/b:1', 'sha256:2')
    graph.db.names.set('a/b:0', 'sha256:2')
    expect(graph.db.names.of('sha256:1')).toEqual([])
    expect(graph.db.names.of('sha256:2')).toEqual(['a/b:0', 'a/b:1'])
    expect(graph.db.names.get('a/b:1')).toBe('sha256:2')
    expect(graph.db.images.get('sha256:2')?.last_tagged).toBeGreaterThan(0)
  })
})

describe('a layer', () => {
  test('is unpacked on top of its parent, and found by its chain id', async () => {
    await graph.layers.register(undefined, tar('a'), a)
    const top = await graph.layers.register(a, tar('b'), sha256('b'))
    expect(top).toMatchObject({ chainId: ab, diffId: sha256('b'), parent: a, size: 1 })
    expect(graph.layers.find(ab)).toEqual(top)
    expect(driver.layers.get(top.driverId)?.parent).toBe(graph.layers.find(a)?.driverId)
    expect(graph.db.layers.chain(ab).map((row) => row.chain_id)).toEqual([a, ab])
  })
  test('that is there already is not unpacked again, nor its archive opened', async () => {
    await graph.layers.register(undefined, tar('a'), a)
    const never = (): Readable => {
      throw new Error('opened')
    }
    const again = await graph.layers.register(undefined, never, a)
    expect([again.chainId, driver.layers.size]).toEqual([a, 1])
    expect((await graph.layers.register(undefined, tar('a'))).driverId).toBe(again.driverId)
    expect(driver.layers.size).toBe(1)
  })
  test('that many ask for at once is unpacked once', async () => {
    const layers = await Promise.all([1, 2, 3, 4].map(() => graph.layers.register(undefined, tar('a'), a)))
    expect(new Set(layers.map(({ driverId }) => driverId)).size).toBe(1)
    expect(driver.calls.filter((call) => call.startsWith('create'))).toHaveLength(1)
    for (const _ of layers) await graph.layers.release(a)
    expect(driver.layers.size).toBe(0)
  })
  test('that is not what was promised leaves nothing, and the next who waits tries his own', async () => {
    const results = await Promise.allSettled([
      graph.layers.register(undefined, tar('evil'), a),
      graph.layers.register(undefined, tar('a'), a),
    ])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
    await expect(graph.layers.register(undefined, tar('x'), sha256('y'))).rejects.toThrow(
      `the layer's content is ${sha256('x')}, and ${sha256('y')} was promised`,
    )
    expect(driver.layers.size).toBe(1)
  })
  test('whose archive breaks off leaves nothing', async () => {
    const breaks = Readable.from(
      (async function* () {
        yield Buffer.from('a')
        throw new Error('connection reset')
      })(),
      { objectMode: false },
    )
    await expect(graph.layers.register(undefined, breaks, a)).rejects.toThrow('connection reset')
    expect([driver.layers.size, graph.db.layers.all()]).toEqual([0, []])
    await expect(graph.layers.register(ab, tar('b'))).rejects.toThrow(`there is no layer ${ab}`)
  })
  test('goes with its last use, and takes along what is below', async () => {
    await graph.layers.register(undefined, tar('a'), a)
    await graph.layers.register(a, tar('b'), sha256('b'))
    await graph.layers.release(a)
    expect(driver.layers.size).toBe(2)
    graph.db.images.add({ id: 'sha256:1', top_layer: ab, ...image })
    await graph.layers.release(ab)
    expect(driver.layers.size).toBe(2)
    await graph.layers.createReadWrite('c1', ab)
    graph.db.images.remove('sha256:1')
    expect(await graph.layers.collect(ab)).toEqual([])
    await graph.layers.removeReadWrite('c1')
    expect([driver.layers.size, graph.db.layers.all()]).toEqual([0, []])
  })
  test('whose directory was lost is made again under its old id', async () => {
    const { driverId } = await graph.layers.register(undefined, tar('a'), a)
    driver.layers.delete(driverId)
    const again = await graph.layers.register(undefined, tar('a'), a)
    expect([again.driverId, driver.layers.size]).toEqual([driverId, 1])
  })
})

describe('opening it', () => {
  test('removes what a killed process left, in whatever order it is listed', async () => {
    await graph.layers.register(undefined, tar('a'), a)
    await graph.layers.register(a, tar('b'), sha256('b'))
    graph.db.images.add({ id: 'sha256:1', top_layer: a, ...image })
    await graph.layers.createReadWrite('build-step', ab)
    await driver.create('orphan')
    await driver.create('orphan-above', 'orphan')
    await reopen()
    expect(await driver.list()).toEqual([graph.layers.find(a)?.driverId])
    expect(graph.layers.find(ab)).toBeUndefined()
    expect(driver.calls).toContain('cleanup')
  })
  test('says of a layer that cannot go that it stays, and tries again the next time', async () => {
    for (const name of ['stuck', 'orphan']) await driver.create(name)
    const remove = driver.remove.bind(driver)
    driver.remove = async (id) => {
      if (id === 'stuck')
        throw Object.assign(new Error('EPERM: operation not permitted, unlink'), { code: 'EPERM' })
      await remove(id)
    }
    const said: string[] = []
    await graph[Symbol.asyncDispose]()
    graph = await openGraph(root, driver, { warn: (line) => said.push(line) })
    expect(said).toEqual([expect.stringMatching(/remove layer stuck, .*EPERM/)])
    expect(await driver.list()).toEqual(['stuck'])
    driver.remove = remove
    await reopen()
    expect(await driver.list()).toEqual([])
  })
  test('keeps what a container writes, and all below it', async () => {
    await graph.layers.register(undefined, tar('a'), a)
    await graph.layers.createReadWrite('c1', a)
    await expect(graph.layers.createReadWrite('c1', a)).rejects.toThrow(/already/)
    await expect(graph.layers.createReadWrite('c2', ab)).rejects.toThrow(/there is no layer/)
    graph.db.containers.add({ id: 'c1', name: 'one', image: 'sha256:gone', layer: 'c1', created: 1 })
    await reopen()
    expect((await driver.list()).length).toBe(2)
    expect(graph.db.containers.byName('one')?.id).toBe('c1')
    expect(graph.db.containers.byPrefix('c')).toHaveLength(1)
  })
})
