// What a daemon keeps, through dockerode: what dockerode.test.ts asks of each about images,
// volumes, files of containers, and itself.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type Docker from 'dockerode'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { createBox, finished } from '../suites/engine-client.ts'

const digest = expect.stringMatching(/^sha256:[0-9a-f]{64}$/)
const number = expect.any(Number)
const script = (line: string): string[] => ['sh', '-c', line]

export function storeTests(client: () => Docker): void {
  test('ping, version, info, df', async () => {
    const docker = client()
    expect(String(await docker.ping())).toBe('OK')
    expect(await docker.version()).toMatchObject({
      ...{ Version: expect.any(String), ApiVersion: expect.stringMatching(/^1\.\d+$/), Os: 'linux' },
      ...{ MinAPIVersion: expect.stringMatching(/^1\.\d+$/), KernelVersion: expect.any(String) },
    })
    expect(await docker.info()).toMatchObject({
      ...{ ID: expect.any(String), Driver: 'vfs', Images: 1, OSType: 'linux', Containers: 0 },
      ...{ NCPU: number, MemTotal: number, ServerVersion: expect.any(String), LoggingDriver: 'json-file' },
    })
    expect(await docker.df()).toMatchObject({ Images: [{ Id: digest }], Containers: [], Volumes: [] })
  })

  test('archives: put, stat, get, export', async () => {
    const docker = client()
    await using one = await createBox(docker, { Cmd: ['true'] })
    const cwd = mkdtempSync(join(tmpdir(), 'lc-node-'))
    const { stdout } = await execa('sh', ['-c', 'mkdir -p d; echo text > d/f; tar -c d'], {
      ...{ cwd, encoding: 'buffer' },
    })
    rmSync(cwd, { recursive: true })
    await one.putArchive(Buffer.from(stdout), { path: '/tmp' })
    const archive = await buffer(await one.getArchive({ path: '/tmp/d' }))
    expect((await execa('tar', ['-xO', 'd/f'], { input: archive })).stdout).toBe('text')
    const stat = await one.infoArchive({ path: '/tmp/d/f' })
    const header = String(stat.headers['x-docker-container-path-stat'])
    expect(JSON.parse(Buffer.from(header, 'base64').toString())).toMatchObject({
      name: 'f',
      size: 5,
      linkTarget: '',
    })
    await expect(one.getArchive({ path: '/none' })).rejects.toMatchObject({ statusCode: 404 })
    await expect(one.putArchive(Buffer.from(stdout), { path: '/none' })).rejects.toMatchObject({
      statusCode: 404,
    })
    const { stdout: names } = await execa('tar', ['-t'], {
      input: await buffer(await one.export()),
    })
    expect(names.split('\n')).toContain('tmp/d/f')
  })

  test('images: inspect, history, tag, save, remove, load, commit', async () => {
    const docker = client()
    const image = docker.getImage('box')
    const { Id, RepoTags, RootFS, Config, Os } = await image.inspect()
    expect({ Id, RepoTags, RootFS, Config, Os }).toMatchObject({
      ...{ Id: digest, RepoTags: ['box:latest'], Os: 'linux', Config: { Cmd: ['sh'] } },
      RootFS: { Type: 'layers', Layers: [digest] },
    })
    expect(await image.history()).toMatchObject([{ Id, Tags: ['box:latest'], Size: number, Created: number }])
    await image.tag({ repo: 'other', tag: '2' })
    expect((await docker.listImages()).flatMap((one) => one.RepoTags).sort()).toEqual([
      'box:latest',
      'other:2',
    ])
    const saved = await buffer(await docker.getImage('other:2').get())
    expect(await docker.getImage('other:2').remove()).toEqual([{ Untagged: 'other:2' }])
    const lines = await finished(docker, await docker.loadImage(Readable.from([saved])))
    expect(JSON.stringify(lines)).toContain('Loaded image: other:2')
    await using one = await createBox(docker, { Cmd: script('echo x > /made') })
    await one.start()
    await one.wait()
    const made = await one.commit({
      repo: 'made',
      tag: '1',
      comment: 'why',
      author: 'who',
      changes: 'ENV A=1',
    })
    expect(made).toEqual({ Id: digest })
    expect(await docker.getImage('made:1').inspect()).toMatchObject({
      ...{ Id: made.Id, Author: 'who', Comment: 'why', Config: { Env: expect.arrayContaining(['A=1']) } },
    })
    await expect(docker.getImage('made:1').remove()).resolves.toContainEqual({ Untagged: 'made:1' })
    await docker.getImage('other:2').remove()
    expect(await docker.pruneImages()).toMatchObject({ SpaceReclaimed: number })
  })

  test('what a daemon refuses: an image that is nowhere, a wrong change of an import', async () => {
    const docker = client()
    await expect(createBox(docker, { Image: 'no-such' })).rejects.toMatchObject({ statusCode: 404 })
    await expect(docker.getImage('no-such').inspect()).rejects.toMatchObject({ statusCode: 404 })
    await expect(docker.pull('127.0.0.1:1/x:1')).rejects.toMatchObject({ statusCode: expect.any(Number) })
    await expect(createBox(docker, { HostConfig: { Memory: 5 } })).rejects.toMatchObject({ statusCode: 400 })
    // While the archive, longer than any buffer of a socket, is still on its way.
    const archive = Buffer.alloc(4 << 20)
    const wrong = docker.importImage(Readable.from([archive]), { repo: 'wrong', changes: 'ODD x' })
    await expect(wrong).rejects.toMatchObject({
      statusCode: 400,
      message: expect.stringMatching(/not a valid change command/),
    })
  })

  test('volumes: create, inspect, list, use, prune', async () => {
    const docker = client()
    await docker.createVolume({ Name: 'data', Labels: { a: 'b' } })
    expect(await docker.getVolume('data').inspect()).toMatchObject({
      ...{
        Name: 'data',
        Driver: 'local',
        Scope: 'local',
        Labels: { a: 'b' },
        Mountpoint: expect.any(String),
      },
    })
    await using one = await createBox(docker, { Cmd: ['true'], HostConfig: { Binds: ['data:/v'] } })
    expect((await one.inspect()).Mounts).toMatchObject([
      { Type: 'volume', Name: 'data', Destination: '/v', Driver: 'local', RW: true },
    ])
    await expect(docker.getVolume('data').remove()).rejects.toMatchObject({ statusCode: 409 })
    await one.remove()
    expect((await docker.listVolumes({ filters: { dangling: ['true'] } })).Volumes).toMatchObject([
      { Name: 'data' },
    ])
    const pruned = await docker
      .pruneVolumes({ filters: { all: ['true'] } })
      .catch(() => docker.pruneVolumes())
    expect(pruned).toMatchObject({ VolumesDeleted: ['data'], SpaceReclaimed: number })
  })
}
