// Images travel between us and Debian's docker-registry, and between us, skopeo, podman
// and dockerd by way of it: what one pushes the others pull, with the same digests and
// the same files, to the last inode. Needs root.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CredentialStore, usersCredentials } from '../../engine/distribution/credentials.ts'
import { checkLogin, login } from '../../engine/distribution/login.ts'
import { pull } from '../../engine/distribution/pull.ts'
import { push } from '../../engine/distribution/push.ts'
import type { RegistryOptions } from '../../engine/distribution/registry.ts'
import { openGraphDriver } from '../../engine/drivers/graph/choice.ts'
import { type Graph, openGraph } from '../../engine/graph/graph.ts'
import { findImage, tagImage } from '../../engine/graph/images.ts'
import { importImage } from '../../engine/graph/import.ts'
import { parseReference } from '../../engine/graph/reference.ts'
import { leftovers } from '../leftovers.mjs'
import { makeAuthority } from '../suites/certificates.ts'
import { DockerRegistry } from '../suites/docker-registry.ts'
import { type Dockerd, openDockerd } from '../suites/dockerd.ts'
import { writeLayout } from '../suites/oci-layout.ts'
import { richArchives } from '../suites/rich-image.ts'
import { listTree } from '../suites/tree-listing.ts'

const runs = process.platform === 'linux' && process.getuid?.() === 0

describe.runIf(runs)('images travel (needs root)', () => {
  const scratch = new AsyncDisposableStack()
  let directory: string
  let before: string[]
  let registry: DockerRegistry
  let dockerd: Dockerd
  let graph: Graph
  let pushed: { digest: string; id: string }
  const at = (path: string): string => join(directory, path)

  beforeAll(async () => {
    before = leftovers()
    directory = realpathSync(mkdtempSync(join(tmpdir(), 'lc-r-')))
    scratch.defer(() => rmSync(directory, { recursive: true, force: true, maxRetries: 3 }))
    registry = scratch.use(await DockerRegistry.open(at('registry')))
    dockerd = scratch.use(await openDockerd(at('d')))
    scratch.defer(async () => void (await podman('system', 'reset', '--force')))
    const { driver } = await openGraphDriver(at('ours'))
    graph = scratch.use(await openGraph(at('ours'), driver))
    pushed = writeLayout(at('layout'), richArchives())
    await skopeo('copy', `oci:${at('layout')}:1`, `docker://${registry.host}/skopeo:1`)
  })
  afterAll(() => scratch.disposeAsync())

  const skopeo = async (verb: string, ...args: string[]): Promise<string> => {
    const insecure =
      verb === 'copy' ? ['--src-tls-verify=false', '--dest-tls-verify=false'] : ['--tls-verify=false']
    return (await execa('skopeo', [verb, ...insecure, ...args])).stdout
  }
  const podman = async (...args: string[]): Promise<string> => {
    const place = ['--root', at('podman'), '--runroot', at('podman-run'), '--storage-driver', 'vfs']
    return (await execa('podman', [...place, '--cgroup-manager', 'cgroupfs', ...args])).stdout
  }
  const ref = (name: string) => parseReference(`${registry.host}/${name}`)
  const get = (name: string, options: RegistryOptions = {}) => pull(graph, ref(name), { registry: options })
  const digestAt = async (name: string): Promise<string> => {
    const raw = await execa(
      'skopeo',
      ['inspect', '--tls-verify=false', '--raw', `docker://${registry.host}/${name}`],
      {
        stripFinalNewline: false,
      },
    )
    return `sha256:${createHash('sha256').update(raw.stdout).digest('hex')}`
  }

  /** Every inode of an image, as our driver shows it. */
  async function ourTree(imageId: string): Promise<string[]> {
    const top = graph.layers.find(findImage(graph, imageId).top_layer ?? '')
    const rootfs = await graph.driver.get(top?.driverId ?? '')
    try {
      return listTree(rootfs)
    } finally {
      await graph.driver.put(top?.driverId ?? '')
    }
  }
  async function podmanTree(name: string): Promise<{ id: string; tree: string[] }> {
    const id = await podman('pull', '-q', '--tls-verify=false', `${registry.host}/${name}`)
    const tree = listTree(await podman('image', 'mount', id))
    await podman('image', 'umount', id)
    await podman('rmi', '--force', id)
    return { id: `sha256:${id}`, tree }
  }
  /** As `docker export` tells it. */
  async function dockerTree(name: string): Promise<{ id: string; tree: string[] }> {
    await dockerd.docker('pull', '-q', `${registry.host}/${name}`)
    const id = await dockerd.docker('inspect', '-f', '{{.Id}}', `${registry.host}/${name}`)
    const container = await dockerd.docker('create', id, 'sh')
    const archive = at('export.tar')
    await dockerd.docker('export', '-o', archive, container)
    rmSync(at('export'), { recursive: true, force: true })
    mkdirSync(at('export'), { recursive: true })
    await execa('tar', [
      '-C',
      at('export'),
      '--xattrs',
      '--xattrs-include=*',
      '--numeric-owner',
      '-xpf',
      archive,
    ])
    await dockerd.docker('rm', container)
    await dockerd.docker('rmi', '-f', id)
    return { id, tree: listTree(at('export')) }
  }
  /** Without what `docker create` adds, and without times: it makes files where things are mounted. */
  const comparable = (tree: string[]): string[] =>
    tree
      .filter(
        (line) =>
          !/^(\.dockerenv|dev\b(?!\/(null|fifo))|proc|sys|etc\/(hosts|hostname|resolv.conf|mtab))/.test(line),
      )
      .map((line) => line.replace(/mtime=\d+/, ''))

  test('what skopeo pushed we pull, as podman and dockerd do', async () => {
    const { imageId, digest } = await get('skopeo:1')
    expect({ id: imageId, digest }).toEqual(pushed)
    const ours = await ourTree(imageId)
    expect(ours.length).toBeGreaterThan(15)
    expect(ours.join('\n')).toMatch(/bin\/capable .*security.capability=/)
    const theirs = await podmanTree('skopeo:1')
    expect(theirs.id).toBe(imageId)
    expect(ours).toEqual(theirs.tree)
    const dockers = await dockerTree('skopeo:1')
    expect(dockers.id).toBe(imageId)
    expect(comparable(dockers.tree)).toEqual(comparable(ours))
  })

  test('what we push the others pull', async () => {
    const { imageId, digest } = await get('skopeo:1')
    // A registry that has nothing of it yet.
    await using other = await DockerRegistry.open(at('other'))
    tagImage(graph, imageId, `${other.host}/ours:1`)
    const told: string[] = []
    const result = await push(graph, parseReference(`${other.host}/ours:1`), {
      registry: {},
      onProgress: ({ status }) => told.push(status),
    })
    expect(result.digest).toBe(digest)
    expect(told.filter((status) => status === 'Pushed')).toHaveLength(3)
    await skopeo('copy', `docker://${other.host}/ours:1`, `dir:${at('copied')}`)
    await skopeo('copy', `docker://${other.host}/ours:1`, `docker://${registry.host}/back:1`)
    expect(await digestAt('back:1')).toBe(digest)
    expect((await podmanTree('back:1')).tree).toEqual(await ourTree(imageId))
    expect((await dockerTree('back:1')).id).toBe(imageId)
  })

  test('another repository of the registry gets it without a byte', async () => {
    const { imageId } = await get('skopeo:1')
    tagImage(graph, imageId, `${registry.host}/mounted:1`)
    const told: string[] = []
    await push(graph, ref('mounted:1'), { registry: {}, onProgress: ({ status }) => told.push(status) })
    expect(told.filter((status) => status === 'Mounted from skopeo')).toHaveLength(3)
    expect(await digestAt('mounted:1')).toBe(pushed.digest)
  })

  test('what dockerd and podman push we pull', async () => {
    const { imageId } = await get('skopeo:1')
    const tree = await ourTree(imageId)
    await dockerd.docker('pull', '-q', `${registry.host}/skopeo:1`)
    await dockerd.docker('tag', `${registry.host}/skopeo:1`, `${registry.host}/docker:1`)
    await dockerd.docker('push', '-q', `${registry.host}/docker:1`)
    const docker = await get('docker:1')
    expect(docker.imageId).toBe(imageId)
    expect(docker.digest).toBe(await digestAt('docker:1'))
    await podman('pull', '-q', '--tls-verify=false', `${registry.host}/skopeo:1`)
    await podman('push', '-q', '--tls-verify=false', `${registry.host}/skopeo:1`, `${registry.host}/podman:1`)
    const theirs = await get('podman:1')
    expect(theirs.digest).toBe(await digestAt('podman:1'))
    expect(await ourTree(theirs.imageId)).toEqual(tree)
  })

  test('what was imported here goes up compressed, and comes back the same everywhere', async () => {
    const [archive = Buffer.of()] = richArchives('imported')
    const { imageId } = await importImage(graph, Readable.from([archive], { objectMode: false }), {
      reference: ref('imported:1'),
    })
    const first = await push(graph, ref('imported:1'), { registry: {} })
    expect(await push(graph, ref('imported:1'), { registry: {} })).toEqual(first)
    expect(await digestAt('imported:1')).toBe(first.digest)
    const tree = await ourTree(imageId)
    expect(await podmanTree('imported:1')).toEqual({ id: imageId, tree })
    const dockers = await dockerTree('imported:1')
    expect(dockers.id).toBe(imageId)
    expect(comparable(dockers.tree)).toEqual(comparable(tree))
  })

  test('a registry with passwords: our login is docker’s, and docker’s is ours', async () => {
    await using locked = await DockerRegistry.open(at('locked'), { users: { mia: 'secret' } })
    const image = `${locked.host}/app:1`
    await skopeo('copy', '--dest-creds', 'mia:secret', `oci:${at('layout')}:1`, `docker://${image}`)
    const reference = parseReference(image)
    const as = (config: string) => ({
      registry: { credentials: usersCredentials(new CredentialStore(config)) },
    })
    await expect(pull(graph, reference, as(at('nobody')))).rejects.toThrow(/wants a login/)
    await expect(checkLogin(locked.host, { username: 'mia', password: 'x' }, {})).rejects.toThrow(
      /wants a login/,
    )

    await execa(
      'docker',
      ['--config', at('docker-config'), 'login', '-u', 'mia', '--password-stdin', locked.host],
      {
        input: 'secret',
        env: { DOCKER_HOST: dockerd.socket },
      },
    )
    expect((await pull(graph, reference, as(at('docker-config')))).digest).toBe(pushed.digest)

    await login(
      locked.host,
      { username: 'mia', password: 'secret' },
      { store: new CredentialStore(at('config')) },
    )
    const docker = ['--config', at('config'), '-H', dockerd.socket]
    await execa('docker', [...docker, 'pull', '-q', image])
    await skopeo('inspect', '--authfile', at('config/config.json'), `docker://${image}`)
    tagImage(graph, image, `${locked.host}/mine:1`)
    await push(graph, parseReference(`${locked.host}/mine:1`), as(at('config')))
    await execa('docker', [...docker, 'logout', locked.host])
    expect(new CredentialStore(at('config')).get(locked.host)).toBeUndefined()
  })

  test('a registry that only its own CA vouches for', async () => {
    // Loopback needs no proof, so another address of this machine, where it has one.
    const outside = Object.values(networkInterfaces())
      .flatMap((all) => all ?? [])
      .find(({ family, internal }) => family === 'IPv4' && !internal)?.address
    if (outside === undefined) return
    const authority = makeAuthority(directory, outside)
    await using secure = await DockerRegistry.open(at('secure'), { tls: authority.files, address: outside })
    const image = `${secure.host}/app:1`
    await skopeo('copy', `oci:${at('layout')}:1`, `docker://${image}`)
    const certificates = at('certs.d')
    const own = join(certificates, secure.host)
    const reference = parseReference(image)
    const options = { registry: { certificates } }
    await expect(pull(graph, reference, options)).rejects.toThrow(/signed by nobody we know: put its CA into/)
    mkdirSync(own, { recursive: true })
    writeFileSync(join(own, 'ca.crt'), authority.ca)
    expect((await pull(graph, reference, options)).digest).toBe(pushed.digest)
    await execa('skopeo', ['inspect', '--cert-dir', own, `docker://${image}`])
    tagImage(graph, image, `${secure.host}/mine:1`)
    expect((await push(graph, parseReference(`${secure.host}/mine:1`), options)).digest).toBe(pushed.digest)
    rmSync(own, { recursive: true })
    const insecure = { registry: { certificates, insecureRegistries: [`${outside}/32`] } }
    expect((await pull(graph, reference, insecure)).digest).toBe(pushed.digest)
  })

  test('nothing is left behind', async () => {
    await scratch.disposeAsync()
    expect(existsSync(directory)).toBe(false)
    await expect.poll(() => leftovers().filter((one) => !before.includes(one))).toEqual([])
  })
})
