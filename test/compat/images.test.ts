// Images go round: made by docker, podman and buildah, saved by them, loaded and saved by
// us, loaded by them; and ours to them. Same digests, and the same files down to the inode.
// Needs root.
import { execFileSync } from 'node:child_process'
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openGraphDriver } from '../../engine/drivers/graph/choice.ts'
import { type Graph, openGraph } from '../../engine/graph/graph.ts'
import { findImage } from '../../engine/graph/images.ts'
import { importImage } from '../../engine/graph/import.ts'
import { inspectImage } from '../../engine/graph/inspect-image.ts'
import { loadImages } from '../../engine/graph/load.ts'
import { pruneImages } from '../../engine/graph/prune-images.ts'
import { parseReference } from '../../engine/graph/reference.ts'
import { saveImages } from '../../engine/graph/save.ts'
import { leftovers } from '../leftovers.mjs'
import { loadBusybox } from '../suites/busybox-image.ts'
import { type Manager, openManager } from '../suites/manager.ts'
import { listTree } from '../suites/tree-listing.ts'

const isRoot = process.platform === 'linux' && process.getuid?.() === 0

/** Everything that a layer can change: files of all kinds, owners, modes, times, long names, deletions. */
const script = `
mkdir -p /srv/deep /srv/${'long-name-'.repeat(12)}
echo data > /srv/deep/file; ln /srv/deep/file /srv/hard; ln -s deep/file /srv/soft
chown 70000:8 /srv/deep/file; chmod 4751 /srv/deep/file
mkfifo /srv/fifo; mknod /srv/null c 1 3; head -c 300000 /dev/urandom > /srv/random
echo ä > "/srv/${'long-name-'.repeat(12)}/ä b"
rm -r /root; mkdir /root; echo new > /root/new; rm /bin/wget
touch -d '2001-02-03 04:05:06' /srv/deep/file /srv/deep`

let scratch: string
let graph: Graph
let before: string[]
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'lc-images-'))
  before = leftovers()
  if (!isRoot) return
  graph = await ours('graph')
})
afterAll(async () => {
  await graph?.[Symbol.asyncDispose]()
  rmSync(scratch, { recursive: true, force: true })
})

async function ours(name: string): Promise<Graph> {
  const root = join(scratch, name)
  const { driver } = await openGraphDriver(root, 'overlay2')
  return openGraph(root, driver)
}

const load = (archive: string, to = graph) => loadImages(to, createReadStream(archive))
async function save(archive: string, ...names: string[]): Promise<string> {
  await pipeline(await saveImages(graph, names), createWriteStream(archive))
  return archive
}
const skopeo = (...args: string[]): string => execFileSync('skopeo', args, { encoding: 'utf8' })

/** The whole tree of an image, as our driver shows it. */
async function ourTree(name: string): Promise<string[]> {
  const layer = graph.db.layers.get(findImage(graph, name).top_layer ?? '')
  if (layer === undefined) throw new Error(`${name} has no layer`)
  const tree = listTree(await graph.driver.get(layer.driver_id))
  await graph.driver.put(layer.driver_id)
  return tree
}

describe.runIf(isRoot).each(['docker', 'podman'] as const)('%s and we', (kind) => {
  let manager: Manager
  let isOpen = false
  let at: (path: string) => string
  beforeAll(async () => {
    manager = await openManager(kind, 'runc')
    isOpen = true
    at = (path) => join(manager.directory, path)
    await must('run', '--name', 'maker', ...manager.flags, 'box', 'sh', '-c', script)
    // What no program in the box could do. Both have whole trees on disk: it is vfs.
    const trees = at(kind === 'docker' ? 'data/vfs/dir' : 'root/vfs/dir')
    const made = readdirSync(trees).find((name) => existsSync(join(trees, name, 'srv/random')))
    execFileSync('setcap', ['cap_net_raw+ep', join(trees, made ?? '', 'srv/random')])
    await must('commit', '--change', 'CMD ["sh"]', 'maker', 'made:1')
  })
  afterAll(() => close())

  async function close(): Promise<void> {
    if (isOpen) await manager.close()
    isOpen = false
  }
  async function must(...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await manager.cli(...args)
    if (status !== 0) throw new Error(stderr)
    return stdout.trim()
  }
  async function theirs(name: string): Promise<{ Id: string; RootFS: { Layers: string[] } }> {
    const [image] = JSON.parse(await must('image', 'inspect', name))
    return { Id: `sha256:${image.Id.replace('sha256:', '')}`, RootFS: { Layers: image.RootFS.Layers } }
  }
  async function theirTree(name: string): Promise<string[]> {
    if (kind === 'podman') {
      const tree = listTree(await must('image', 'mount', name))
      await must('image', 'unmount', name)
      return tree
    }
    // Docker keeps the directory of a layer under its chain id.
    const { top_layer } = findImage(graph, name)
    const layer = at(`data/image/vfs/layerdb/${(top_layer ?? '').replace(':', '/')}/cache-id`)
    return listTree(at(`data/vfs/dir/${readFileSync(layer, 'utf8')}`))
  }
  const name = (tag: string): string => (kind === 'podman' ? `localhost/${tag}` : tag)

  test('theirs comes in, goes out, and comes back the same', async () => {
    const made = name('made:1')
    const original = await theirs(made)
    await must('save', '--output', at('theirs.tar'), made)
    expect(await load(at('theirs.tar'))).toEqual([{ imageId: original.Id, names: [made] }])
    expect((await inspectImage(graph, made)).RootFS.Layers).toEqual(original.RootFS.Layers)
    const tree = await theirTree(made)
    expect(tree.filter((line) => /security\.capability=/.test(line))).toHaveLength(1)
    expect(await ourTree(made)).toEqual(tree)

    await save(at('ours.tar'), made)
    await must('rm', 'maker')
    await must('rmi', made)
    await must('load', '--input', at('ours.tar'))
    expect(await theirs(made)).toEqual(original)
    expect(await theirTree(made)).toEqual(tree)
  })

  test('ours goes to them, and is the same there', async () => {
    const imageId = await loadBusybox(graph)
    await save(at('busybox.tar'), 'busybox')
    await must('load', '--input', at('busybox.tar'))
    const there = kind === 'podman' ? 'docker.io/library/busybox:latest' : 'busybox:latest'
    expect(await theirs(there)).toEqual({
      Id: imageId,
      RootFS: { Layers: (await inspectImage(graph, 'busybox')).RootFS.Layers },
    })
    expect(await theirTree(there)).toEqual(await ourTree('busybox'))
    const answer = await manager.cli('run', '--rm', ...manager.flags, there, 'sh', '-c', 'ls /bin/busybox')
    expect([answer.stderr, answer.stdout]).toEqual(['', '/bin/busybox'])
  })

  test('what they export, we import, with the digest that they give it', async () => {
    await must('create', '--name', 'exported', ...manager.flags, 'box', 'true')
    await must('export', '--output', at('tree.tar'), 'exported')
    await must('rm', 'exported')
    await must('import', at('tree.tar'), 'tree:1')
    await importImage(graph, createReadStream(at('tree.tar')), { reference: parseReference('tree:1') })
    expect((await inspectImage(graph, 'tree:1')).RootFS.Layers).toEqual(
      (await theirs(name('tree:1'))).RootFS.Layers,
    )
  })

  test('nothing is left behind', async () => {
    await close()
    await expect.poll(() => leftovers().filter((one) => !before.includes(one))).toEqual([])
  })
})

describe.runIf(isRoot)('skopeo, buildah and we', () => {
  const store = (): string[] => [
    '--root',
    join(scratch, 'root'),
    '--runroot',
    join(scratch, 'run'),
    '--storage-driver',
    'vfs',
  ]
  const buildah = (...args: string[]): string =>
    execFileSync('buildah', [...store(), ...args], { encoding: 'utf8', cwd: scratch }).trim()

  test('skopeo reads what we save, as either kind', async () => {
    const imageId = await loadBusybox(graph)
    const archive = await save(join(scratch, 'both.tar'), 'busybox')
    const layers = (await inspectImage(graph, 'busybox')).RootFS.Layers
    const docker = JSON.parse(skopeo('inspect', `docker-archive:${archive}`))
    expect([docker.Architecture, docker.RepoTags]).toEqual(['amd64', []])
    expect(skopeo('inspect', '--config', '--raw', `oci-archive:${archive}`)).toContain('"Cmd":["sh"]')
    const copy = join(scratch, 'copy.tar')
    skopeo('copy', '--quiet', `oci-archive:${archive}:latest`, `oci-archive:${copy}:x.y/copy:1`)
    expect(await load(copy)).toEqual([{ imageId, names: ['x.y/copy:1'] }])
    // On its way from Docker's form to OCI's, skopeo writes the config anew.
    rmSync(copy)
    skopeo('copy', '--quiet', `docker-archive:${archive}:busybox:latest`, `oci-archive:${copy}:x.y/copy:1`)
    await load(copy)
    expect((await inspectImage(graph, 'x.y/copy:1')).RootFS.Layers).toEqual(layers)
  })

  test('a manifest keeps its digest from buildah through us to skopeo', async () => {
    const container = buildah('from', 'scratch')
    buildah('add', '--quiet', container, '/etc/hostname', '/one/')
    buildah('config', '--label', 'a=b', '--cmd', 'sh', container)
    buildah('commit', '--quiet', container, 'built:1')
    for (const [format, compressed] of [
      ['oci-archive', 'gzip'],
      ['docker-archive', 'none'],
    ] as const) {
      const archive = join(scratch, `${format}.tar`)
      const target = `${format}:${archive}:x.y/built:1`
      buildah('push', '--quiet', 'built:1', target)
      const [loaded] = await load(archive)
      expect(loaded?.names).toContain('x.y/built:1')
      expect(buildah('inspect', '--type', 'image', '--format', '{{.FromImageID}}', 'built:1')).toBe(
        loaded?.imageId.slice(7),
      )
      // Its archives know whole seconds only.
      const seconds = (tree: string[]) => tree.map((line) => line.replace(/(mtime=\d+)\d{9}/, '$1'))
      expect(seconds(await ourTree('x.y/built:1'))).toEqual(seconds(listTree(buildah('mount', container))))
      buildah('umount', container)
      const out = await save(join(scratch, 'out.tar'), 'x.y/built:1')
      const raw = (path: string): string => skopeo('inspect', '--raw', `oci-archive:${path}`)
      if (format === 'oci-archive') expect(raw(out)).toBe(raw(archive))
      else expect(JSON.parse(raw(out)).layers[0].mediaType).toContain(compressed === 'none' ? 'tar' : 'gzip')
    }
    buildah('rm', container)
  })

  test('an image for several platforms gives the one for this machine, and layers of zstd are read', async () => {
    await loadBusybox(graph)
    const archive = await save(join(scratch, 'plain.tar'), 'busybox')
    skopeo(
      ...['copy', '--quiet', '--dest-compress-format', 'zstd', '--dest-compress'],
      ...[`docker-archive:${archive}:busybox:latest`, `oci:${join(scratch, 'layout')}:zstd/busybox:1`],
    )
    execFileSync('tar', ['-C', join(scratch, 'layout'), '-cf', join(scratch, 'zstd.tar'), '.'])
    await load(join(scratch, 'zstd.tar'))
    expect(await ourTree('zstd/busybox:1')).toEqual(await ourTree('busybox'))
  })

  test('pruned, nothing of all that remains', async () => {
    await pruneImages(graph, { dangling: ['false'] })
    expect([
      await graph.driver.list(),
      await Array.fromAsync(graph.content.list()),
      graph.db.images.all(),
    ]).toEqual([[], [], []])
  })
})
