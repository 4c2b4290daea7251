// The graph on real drivers: base images, containers, commits; and what a kill -9 leaves
// at thirty moments of load, import, commit, remove and prune. Needs root.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  createReadStream,
  createWriteStream,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { pack } from '../../engine/archive/pack.ts'
import { openGraphDriver } from '../../engine/drivers/graph/choice.ts'
import { commitContainer } from '../../engine/graph/commit.ts'
import { containerChanges, exportContainer, findContainer } from '../../engine/graph/containers.ts'
import { sha256 } from '../../engine/graph/digest.ts'
import { type Graph, openGraph } from '../../engine/graph/graph.ts'
import { findImage, imageConfig } from '../../engine/graph/images.ts'
import { importImage } from '../../engine/graph/import.ts'
import { imageHistory, inspectImage } from '../../engine/graph/inspect-image.ts'
import { loadImages } from '../../engine/graph/load.ts'
import { pruneImages } from '../../engine/graph/prune-images.ts'
import { parseReference } from '../../engine/graph/reference.ts'
import { removeImage } from '../../engine/graph/remove-image.ts'
import { saveImages } from '../../engine/graph/save.ts'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { leftovers } from '../leftovers.mjs'
import { loadBusybox } from '../suites/busybox-image.ts'
import { untar } from '../suites/tar-of.ts'
import { listTree } from '../suites/tree-listing.ts'

const isRoot = process.platform === 'linux' && process.getuid?.() === 0
let scratch: string
let before: string[]
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'lc-graph-'))
  before = leftovers()
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

async function open(root: string, name: string): Promise<Graph> {
  const { driver } = await openGraphDriver(root, name)
  return openGraph(root, driver, { wait: 5000 })
}

describe.runIf(isRoot).each(['overlay2', 'vfs'])('the graph on %s', (name) => {
  let graph: Graph
  let root: string
  beforeEach(async () => {
    root = mkdtempSync(join(scratch, `${name}-`))
    graph = await open(root, name)
  })
  afterEach(async () => {
    await graph[Symbol.asyncDispose]()
  })

  async function container(image: string, id: string): Promise<string> {
    const { top_layer, id: imageId } = findImage(graph, image)
    await graph.layers.createReadWrite(id, top_layer ?? undefined)
    graph.db.containers.add({ id, name: `box-${id.slice(0, 4)}`, image: imageId, layer: id, created: 1 })
    return graph.driver.get(id)
  }

  test('has busybox as it is made here, the same every time', async () => {
    const first = await loadBusybox(graph)
    expect(await loadBusybox(graph)).toBe(first)
    expect(findImage(graph, 'docker.io/library/busybox:latest').id).toBe(first)
    expect(await inspectImage(graph, 'busybox')).toMatchObject({
      Config: { Cmd: ['sh'], Env: [expect.stringMatching(/^PATH=/)] },
      GraphDriver: { Name: name },
    })
    const id = 'a'.repeat(64)
    const rootfs = await container('busybox', id)
    expect(
      execFileSync('chroot', [rootfs, 'sh', '-c', 'echo $(ls /etc) | tr a-z A-Z'], { encoding: 'utf8' }),
    ).toBe('GROUP PASSWD\n')
    await graph.driver.put(id)
  })

  test('diff, commit, export, import: what a container wrote becomes a layer, and a tree', async () => {
    await loadBusybox(graph)
    const id = 'b'.repeat(64)
    const rootfs = await container('busybox', id)
    execFileSync('sh', [
      '-c',
      `cd "$0"; echo new > new; rm etc/group; chmod 700 root; ln new hard; ln -s new soft; mknod dev/zero c 1 5
       setfattr -n user.a -v b new; mkfifo fifo; chown 7:8 fifo; rm -r sys; mkdir sys; echo x > sys/x`,
      rootfs,
    ])
    expect((await containerChanges(graph, 'box-bbbb')).map(({ kind, path }) => `${kind} ${path}`)).toEqual(
      expect.arrayContaining([
        'C /dev',
        'A /dev/zero',
        'C /etc',
        'D /etc/group',
        'A /new',
        'A /hard',
        'A /soft',
        'C /root',
        'A /sys/x',
      ]),
    )
    const { imageId } = await commitContainer(graph, id.slice(0, 10), {
      reference: parseReference('mine'),
      author: 'me',
      message: 'why',
      changes: ['ENV A=b', 'CMD ["cat", "/new"]'],
    })
    expect(await inspectImage(graph, 'mine')).toMatchObject({
      Author: 'me',
      Comment: 'why',
      Parent: findImage(graph, 'busybox').id,
      Config: { Cmd: ['cat', '/new'], Env: [expect.any(String), 'A=b'] },
    })
    const [step] = await imageHistory(graph, 'mine')
    expect(step).toMatchObject({ Comment: 'why', CreatedBy: 'cat /new', Size: 6 })

    const copy = await container('mine', 'c'.repeat(64))
    expect(listTree(copy)).toEqual(listTree(rootfs))
    const exported = await buffer(await exportContainer(graph, 'box-cccc'))
    expect((await untar(exported)).get('hard')?.toString()).toBe('new\n')
    const archive = join(root, 'export.tar')
    writeFileSync(archive, exported)
    await importImage(graph, createReadStream(archive), {
      reference: parseReference('flat:1'),
      changes: ['USER 7'],
    })
    expect((await imageConfig(graph, findImage(graph, 'flat:1').id)).rootfs.diff_ids).toEqual([
      sha256(exported),
    ])
    expect(listTree(await container('flat:1', 'd'.repeat(64)))).toEqual(listTree(rootfs))
    for (const digit of 'bcd') await graph.driver.put(digit.repeat(64))

    // Out and in again on another root, and still the same files.
    const saved = await saveImages(graph, ['mine', 'flat:1'])
    const other = await open(join(root, 'other'), name)
    try {
      expect((await loadImages(other, saved)).map((image) => image.imageId)).toContain(imageId)
      await other.layers.createReadWrite('e', findImage(other, 'mine').top_layer ?? undefined)
      const again = await other.driver.get('e')
      expect(listTree(again)).toEqual(listTree(await graph.driver.get('b'.repeat(64))))
      await other.driver.put('e')
      await graph.driver.put('b'.repeat(64))
    } finally {
      await other[Symbol.asyncDispose]()
    }
    expect(() => findContainer(graph, 'nobody')).toThrow('No such container: nobody')
  })

  test('a commit of nothing adds no layer', async () => {
    await loadBusybox(graph)
    await container('busybox', 'f'.repeat(64))
    await graph.driver.put('f'.repeat(64))
    const { imageId } = await commitContainer(graph, 'f', { changes: ['USER me'] })
    const config = await imageConfig(graph, imageId)
    expect([config.rootfs.diff_ids?.length, config.history?.at(-1)?.empty_layer]).toEqual([1, true])
  })

  test('an archive that is none leaves nothing', async () => {
    const evil = join(root, 'evil.tar')
    writeFileSync(evil, Buffer.concat([readFileSync('/bin/true').subarray(0, 4096)]))
    await expect(importImage(graph, createReadStream(evil))).rejects.toThrow(/the archive cannot be used/)
    await expect(importImage(graph, createReadStream(evil), { changes: ['RUN x'] })).rejects.toThrow(
      '"RUN" is not a valid change command',
    )
    expect([await graph.driver.list(), await Array.fromAsync(graph.content.list())]).toEqual([[], []])
    expect(readdirSync(join(root, 'image', name, 'content/ingest'))).toEqual([])
  })
})

describe.runIf(isRoot)('kill -9', () => {
  let child: ChildProcess | undefined
  afterEach(() => child?.kill('SIGKILL'))

  test('at thirty moments: the next open is clean, and a prune finds all garbage', async () => {
    const root = join(scratch, 'killed')
    const tree = join(scratch, 'tree')
    mkdirSync(join(tree, 'some/where'), { recursive: true })
    for (let n = 0; n < 200; n++) writeFileSync(join(tree, 'some/where', `file-${n}`), `${n}`.repeat(n * 50))
    const [archive, tar] = [join(scratch, 'loaded.tar'), join(scratch, 'tree.tar')]
    await pipeline(pack(tree), createWriteStream(tar))
    const graph = await open(root, 'overlay2')
    await importImage(graph, pack(join(tree, 'some')), { reference: parseReference('loaded:1') })
    await pipeline(await saveImages(graph, ['loaded:1']), createWriteStream(archive))
    await removeImage(graph, 'loaded:1')
    await importImage(graph, pack(tree), { reference: parseReference('kept:1'), message: 'kept' })
    await graph[Symbol.asyncDispose]()

    const worker = join(packageRoot(), 'test/suites/graph-worker.ts')
    for (let moment = 0; moment < 30; moment++) {
      const stderr: Buffer[] = []
      child = spawn(process.execPath, [worker, root, 'overlay2', archive, tar], {
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk))
      if (child.stdout === null) throw new Error('no pipe')
      await once(child.stdout, 'data')
      // Moments, not durations: anywhere in the first verbs.
      await sleep(Math.random() * 400)
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      expect([await ended, String(Buffer.concat(stderr))]).toEqual([[null, 'SIGKILL'], ''])
      await isClean(root)
    }
  }, 300_000)

  /** Opened, everything that the database knows is there and whole; pruned, nothing else is. */
  async function isClean(root: string): Promise<void> {
    const graph = await open(root, 'overlay2')
    try {
      const known = new Set([
        ...graph.db.layers.all().map((row) => row.driver_id),
        ...graph.db.layers.readWrites('all'),
      ])
      expect(new Set(await graph.driver.list())).toEqual(known)
      for (const { id } of graph.db.images.all()) {
        const { RootFS } = await inspectImage(graph, id)
        expect(RootFS.Layers).toHaveLength(
          graph.db.layers.chain(graph.db.images.get(id)?.top_layer ?? '').length,
        )
      }
      for (const { id, layer } of graph.db.containers.all()) {
        graph.db.containers.remove(id)
        await graph.layers.removeReadWrite(layer)
      }
      await pruneImages(graph)
      const needed = new Set(graph.db.images.all().flatMap(({ id }) => graph.db.blobs.of(id)))
      expect(new Set((await Array.fromAsync(graph.content.list())).map(({ digest }) => digest))).toEqual(
        needed,
      )
      for (const digest of needed) await graph.content.read(digest, { verify: true }).resume().toArray()
      expect(readdirSync(join(root, 'image/overlay2/content/ingest'))).toEqual([])
      expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(root)
      expect(findImage(graph, 'kept:1')).toBeDefined()
    } finally {
      await graph[Symbol.asyncDispose]()
    }
  }
})

test.runIf(isRoot)('nothing is left behind', async () => {
  rmSync(scratch, { recursive: true, force: true })
  await expect.poll(() => leftovers().filter((one) => !before.includes(one))).toEqual([])
})
