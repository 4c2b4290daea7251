// `docker cp`, path by path, against Debian's dockerd: the same container on both, asked for
// the same paths over the API, with the same archives put in. Stats, names in archives,
// statuses and words have to be the same. Needs root, and dockerd.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { leftovers } from '../leftovers.mjs'
import { makeRootfs } from '../suites/bundle.ts'
import { type Dockerd, openDockerd } from '../suites/dockerd.ts'
import { nothingMoreThan } from '../suites/nothing-left.ts'
import { Tockerd } from '../suites/tockerd.ts'

const canRun = process.platform === 'linux' && process.getuid?.() === 0 && existsDockerd()

function existsDockerd(): boolean {
  try {
    execFileSync('dockerd', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

interface Said {
  status: number
  stat?: unknown
  message?: string
  names?: string[]
}

describe.runIf(canRun)('docker cp beside dockerd (needs root)', () => {
  let before: string[]
  let directory: string
  let tockerd: Tockerd
  let dockerd: Dockerd
  beforeAll(async () => {
    before = leftovers()
    directory = mkdtempSync(join(tmpdir(), 'lc-cp-'))
    const rootfs = join(directory, 'rootfs')
    await makeRootfs(rootfs)
    mkdirSync(join(rootfs, 'd/sub'), { recursive: true })
    writeFileSync(join(rootfs, 'd/one'), '1', { mode: 0o640 })
    writeFileSync(join(rootfs, 'd/suid'), '1')
    for (const [name, target] of Object.entries({
      file: '/d/one',
      dir: 'd',
      up: './d/../d',
      nowhere: '/not/there',
      loop: 'loop',
    }))
      symlinkSync(target, join(rootfs, `to-${name}`))
    execFileSync('chmod', ['4755', join(rootfs, 'd/suid')])
    execFileSync('mkfifo', [join(rootfs, 'd/fifo')])
    const { stdout } = await execa('tar', ['-C', rootfs, '-c', '.'], {
      encoding: 'buffer',
      maxBuffer: 2 ** 28,
    })
    tockerd = await Tockerd.open()
    dockerd = await openDockerd(join(directory, 'dockerd'))
    for (const env of environments()) {
      await execa('docker', ['import', '-', 'tree'], { env, input: stdout })
      const words = ['create', '--network', 'none', '-v', 'data:/vol', '-v', 'data:/ro:ro']
      await execa('docker', [...words, '--name', 'cc', 'tree', 'true'], { env })
      await execa('docker', [...words, '--read-only', '--name', 'fixed', 'tree', 'true'], { env })
    }
  })
  afterAll(async () => {
    await tockerd[Symbol.asyncDispose]()
    await dockerd[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true, force: true })
    await nothingMoreThan(before)
  })

  const environments = () => [
    tockerd.environment,
    { DOCKER_HOST: dockerd.socket, DOCKER_CONFIG: tockerd.environment.DOCKER_CONFIG },
  ]

  async function both(method: string, path: string, archive?: Buffer): Promise<[Said, Said]> {
    const sockets = [tockerd.socket, dockerd.socket.replace('unix://', '')]
    const [ours, theirs] = await Promise.all(sockets.map((socket) => ask(socket, method, path, archive)))
    if (ours === undefined || theirs === undefined) throw new Error('no answer')
    return [ours, theirs]
  }

  const sources = [
    ...['/d', '/d/', '/d/.', 'd', '/d/one', '/d/one/', '/d/one/.', '/d/fifo', '/d/suid', '/', '/.', '.', ''],
    ...['/to-file', '/to-file/', '/to-dir', '/to-dir/', '/to-dir/.', '/to-dir/one', '/to-up', '/to-up/one'],
    ...[
      '/to-nowhere',
      '/to-nowhere/',
      '/to-loop',
      '/to-loop/',
      '/none',
      '/none/x',
      '/d/one/x',
      '/d/../d/one',
      '/vol',
      '/ro',
    ],
  ]
  test.each(sources)('HEAD and GET %j', async (path) => {
    const query = `/containers/cc/archive?path=${encodeURIComponent(path)}`
    const [ours, theirs] = await both('HEAD', query)
    expect(ours).toEqual(theirs)
    // A whole root filesystem has, in Docker's, what Docker itself puts there.
    if (/^\/?\.?$/.test(path) && path !== '') return
    const [got, wanted] = await both('GET', query)
    expect(got).toEqual(wanted)
  })

  const targets = [
    ...[
      '/d',
      '/d/',
      '/',
      '/to-dir',
      '/to-up',
      '/to-file',
      '/to-nowhere',
      '/to-loop',
      '/d/one',
      '/none',
      '/vol',
      '/ro',
      '/ro/x',
      '',
    ],
  ]
  test.each(targets)('PUT into %j', async (path) => {
    const [ours, theirs] = await both(
      'PUT',
      `/containers/cc/archive?path=${encodeURIComponent(path)}`,
      await archive({ new: 'n' }),
    )
    expect(ours).toEqual(theirs)
  })

  test.each([
    ['cc', { sub: 'a file where a directory is' }, ''],
    ['cc', { sub: 'a file where a directory is' }, '&noOverwriteDirNonDir=1'],
    ['cc', { 'one/x': 'a directory where a file is' }, '&noOverwriteDirNonDir=1'],
    ['cc', { 'one/x': 'a directory where a file is' }, ''],
    ['fixed', { x: 'read-only' }, ''],
  ])('PUT into /d of %s: %j %s', async (container, files, more) => {
    const [ours, theirs] = await both(
      'PUT',
      `/containers/${container}/archive?path=/d${more}`,
      await archive(files),
    )
    expect(ours).toEqual(theirs)
    const [got, wanted] = await both('GET', '/containers/cc/archive?path=/d')
    expect(got.names).toEqual(wanted.names)
  })

  test('what is no archive', async () => {
    const [ours, theirs] = await both(
      'PUT',
      '/containers/cc/archive?path=/d',
      Buffer.from('this is no archive at all'),
    )
    expect([ours.status >= 400, theirs.status >= 400]).toEqual([true, true])
  })

  async function archive(files: Record<string, string>): Promise<Buffer> {
    const place = mkdtempSync(join(directory, 'a'))
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(place, name, '..'), { recursive: true })
      writeFileSync(join(place, name), text)
    }
    const names = Object.keys(files).map((name) => name.split('/')[0] ?? '')
    const { stdout } = await execa('tar', ['-C', place, '-c', ...names], { encoding: 'buffer' })
    return Buffer.from(stdout)
  }
})

function ask(socketPath: string, method: string, path: string, body?: Buffer): Promise<Said> {
  return new Promise((resolve, reject) => {
    const headers =
      body === undefined ? {} : { 'content-type': 'application/x-tar', 'content-length': body.length }
    const sent = request({ socketPath, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('error', reject)
      response.once('end', () =>
        resolve(said(response.statusCode ?? 0, response.headers, Buffer.concat(chunks))),
      )
    })
    sent.once('error', reject)
    sent.end(body)
  })
}

function said(status: number, headers: Record<string, unknown>, body: Buffer): Said {
  const stat = headers['x-docker-container-path-stat']
  const isJson = String(headers['content-type']).includes('json') && body.length > 0
  return {
    // Docker 20.10 has 500 for what a client did wrong here; later ones have 400, as we do.
    status: status === 500 ? 400 : status,
    ...(stat === undefined
      ? {}
      : { stat: withoutTime(JSON.parse(Buffer.from(String(stat), 'base64').toString())) }),
    ...(isJson ? { message: messageIn(body) } : {}),
    ...(headers['content-type'] === 'application/x-tar' ? { names: namesIn(body) } : {}),
  }
}

/** Docker 20.10 unpacks in a process of its own, and says so; and it tells paths of the host, where later ones tell the container's. */
function messageIn(body: Buffer): string {
  return String(JSON.parse(body.toString()).message)
    .replace('Error processing tar file(exit status 1): ', '')
    .replace(/^lstat \S+:/, 'lstat:')
}

/** Directories that Docker mounts into have the time of that. */
function withoutTime({ mtime: _, ...stat }: Record<string, unknown>): unknown {
  return stat
}

function namesIn(archive: Buffer): string[] {
  return execFileSync('tar', ['-tv', '--numeric-owner', '--full-time'], { input: archive, encoding: 'utf8' })
    .split('\n')
    .map((line) => line.replace(/\d{4}-\d\d-\d\d [\d:.]+/, '').replace(/\s+/g, ' '))
}
