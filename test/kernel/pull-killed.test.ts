// A pull that is killed, at whatever moment, again and again: what came stays, nothing
// comes twice, and in the end the image is whole and nothing else is there. Needs root.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pull } from '../../engine/distribution/pull.ts'
import { openGraphDriver } from '../../engine/drivers/graph/choice.ts'
import { type Graph, openGraph } from '../../engine/graph/graph.ts'
import { findImage } from '../../engine/graph/images.ts'
import { parseReference } from '../../engine/graph/reference.ts'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { leftovers } from '../leftovers.mjs'
import { archiveOf, publish, type TestImage } from '../suites/registry-image.ts'
import { TestRegistry } from '../suites/test-registry.ts'
import { listTree } from '../suites/tree-listing.ts'

const kills = 20
const megabyte = 2 ** 20

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)('kill -9 (needs root)', () => {
  let directory: string
  let before: string[]
  let registry: TestRegistry
  let image: TestImage
  /** Bytes of blobs that went out in this attempt. */
  let sent = 0
  const root = (): string => join(directory, 'root')

  beforeAll(async () => {
    before = leftovers()
    directory = realpathSync(mkdtempSync(join(tmpdir(), 'lc-kill-')))
    registry = await TestRegistry.open()
    const random = (size: number) =>
      archiveOf((at) => {
        for (const name of ['a', 'b']) writeFileSync(join(at, name), randomBytes(size / 2))
        mkdirSync(join(at, `d${size}`))
      })
    image = publish(registry, 'app', '1', [random(8 * megabyte), random(12 * megabyte), random(4 * megabyte)])
    registry.interfere = slowly
  })
  afterAll(async () => {
    await registry[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true, force: true })
  })

  /** A blob in small pieces, so that there is a middle to be killed in. */
  const slowly: TestRegistry['interfere'] = async (request, response) => {
    const digest = /\/blobs\/(sha256:\w+)$/.exec(request.url ?? '')?.[1] ?? ''
    const bytes = registry.blobs.get(digest)
    if (bytes === undefined) return false
    const begin = Number(/=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
    const range = { 'content-range': `bytes ${begin}-${bytes.length - 1}/${bytes.length}` }
    response.writeHead(begin > 0 ? 206 : 200, {
      'content-length': bytes.length - begin,
      ...(begin > 0 && range),
    })
    for (let at = begin; at < bytes.length && !response.destroyed; at += 2 ** 16) {
      const piece = bytes.subarray(at, at + 2 ** 16)
      if (!response.write(piece)) await Promise.race([once(response, 'drain'), once(response, 'close')])
      sent += piece.length
      await sleep(1)
    }
    response.end()
    return true
  }

  /** Pulls in a process of its own, until so many bytes have gone out, or some time has passed. */
  async function pullAndKill(bytes: number, milliseconds: number): Promise<'killed' | 'done'> {
    const script = join(packageRoot(), 'test/suites/distribution-process.ts')
    const from = registry.asked.length
    sent = 0
    const child = spawn(process.execPath, [script, root(), 'overlay2', 'pull', `${registry.host}/app:1`], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const ended = once(child, 'exit')
    while (child.exitCode === null && registry.asked.length === from) await sleep(2)
    for (const end = Date.now() + milliseconds; Date.now() < end && sent < bytes; )
      if (child.exitCode === null) await sleep(2)
      else break
    child.kill('SIGKILL')
    const [status] = await ended
    return status === 0 ? 'done' : 'killed'
  }

  const content = (path: string): string => join(root(), 'image/overlay2/content', path)
  const partials = (): Map<string, number> => {
    const names = existsSync(content('ingest')) ? readdirSync(content('ingest')) : []
    return new Map(
      names
        .filter((name) => name.endsWith('.partial'))
        .map((name) => [`sha256:${name.replace('.partial', '')}`, statSync(content(`ingest/${name}`)).size]),
    )
  }
  const complete = (): string[] =>
    existsSync(content('blobs/sha256'))
      ? readdirSync(content('blobs/sha256')).map((hex) => `sha256:${hex}`)
      : []

  /** Every request for a blob went on where the last one's bytes end, and for none that is here. */
  function checkRequests(from: number, had: Map<string, number>, whole: readonly string[]): void {
    const first = new Set<string>()
    for (const { path, headers } of registry.asked.slice(from)) {
      const digest = /\/blobs\/(sha256:\w+)$/.exec(path)?.[1]
      if (digest === undefined || first.has(digest)) continue
      first.add(digest)
      const size = had.get(digest) ?? 0
      expect({ digest, range: headers.range }).toEqual({
        digest,
        range: size > 0 ? `bytes=${size}-` : undefined,
      })
      expect(whole).not.toContain(digest)
    }
  }

  test(`${kills} times, and then to its end`, async () => {
    let resumed = 0
    for (let kill = 0; kill < kills; kill++) {
      const [had, whole, from] = [partials(), complete(), registry.asked.length]
      const how = await pullAndKill(Math.random() * 4 * megabyte, 100 + Math.random() * 1500)
      checkRequests(from, had, whole)
      resumed += registry.asked.slice(from).filter(({ headers }) => headers.range).length
      // Fast machine: it was whole before its time. Again, from nothing.
      if (how === 'done') rmSync(root(), { recursive: true, force: true })
    }
    expect(resumed).toBeGreaterThan(0)
    const [had, whole, from] = [partials(), complete(), registry.asked.length]
    expect(await pullAndKill(Number.POSITIVE_INFINITY, 120_000)).toBe('done')
    checkRequests(from, had, whole)

    const tree = await inGraph(root(), async (graph) => {
      expect(readdirSync(content('ingest'))).toEqual([])
      expect((await graph.driver.list()).length).toBe(graph.db.layers.all().length)
      expect(graph.db.layers.all()).toHaveLength(3)
      expect(graph.db.images.all()).toMatchObject([{ id: image.id }])
      return treeOf(graph)
    })
    const fresh = await inGraph(join(directory, 'fresh'), async (graph) => {
      await pull(graph, parseReference(`${registry.host}/app:1`), { registry: {} })
      return treeOf(graph)
    })
    expect(tree).toEqual(fresh)
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(directory)
  })

  async function inGraph<T>(at: string, work: (graph: Graph) => Promise<T>): Promise<T> {
    const { driver } = await openGraphDriver(at, 'overlay2')
    await using graph = await openGraph(at, driver)
    return await work(graph)
  }

  async function treeOf(graph: Graph): Promise<string[]> {
    const top = graph.layers.find(findImage(graph, image.id).top_layer ?? '')?.driverId ?? ''
    const rootfs = await graph.driver.get(top)
    try {
      return listTree(rootfs)
    } finally {
      await graph.driver.put(top)
    }
  }

  test('nothing is left behind', async () => {
    const left = () => leftovers().filter((one) => !before.includes(one) && !one.includes(directory))
    await expect.poll(left).toEqual([])
  })
})
