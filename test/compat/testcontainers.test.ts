// testcontainers, with which programs start what their tests need, on tockerd: an image that
// was imported, what it waits for, exec, files, logs, ports. Needs root.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { GenericContainer, getContainerRuntimeClient, Wait } from 'testcontainers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clientOf } from '../suites/engine-client.ts'
import { nothingLeft } from '../suites/nothing-left.ts'
import { Tockerd } from '../suites/tockerd.ts'

const isRoot = process.platform === 'linux' && process.getuid?.() === 0

describe.runIf(isRoot)('testcontainers and tockerd (needs root)', () => {
  let tockerd: Tockerd
  let directory: string
  const before = { ...process.env }
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'lc-tc-'))
    tockerd = await Tockerd.open()
    // Its own helper container, which clears up after a test that was killed, comes from a registry.
    Object.assign(process.env, {
      DOCKER_HOST: `unix://${tockerd.socket}`,
      TESTCONTAINERS_RYUK_DISABLED: 'true',
      // Its lock stays where it was made.
      TMPDIR: directory,
    })
  })
  afterAll(async () => {
    process.env = before
    rmSync(directory, { recursive: true })
    const left = await clientOf(tockerd.socket).listContainers({ all: true })
    await tockerd[Symbol.asyncDispose]()
    expect(left).toEqual([])
    await nothingLeft(() => tockerd.leftovers())
  })

  test('it takes tockerd for a Docker', async () => {
    const { info } = await getContainerRuntimeClient()
    expect(info.containerRuntime).toMatchObject({ operatingSystemType: 'linux', cpus: expect.any(Number) })
  })

  test('a container: a line that it waits for, exec, files, logs, stop', async () => {
    writeFileSync(join(directory, 'file'), 'of the host')
    const container = await new GenericContainer('busybox')
      .withNetworkMode('none')
      .withCommand(['sh', '-c', 'cat /given /copied; echo; echo ready; echo err >&2; exec sleep 100'])
      .withEnvironment({ A: '1' })
      .withLabels({ of: 'a test' })
      .withCopyContentToContainer([{ content: 'given ', target: '/given' }])
      .withCopyFilesToContainer([{ source: join(directory, 'file'), target: '/copied', mode: 0o640 }])
      .withWaitStrategy(Wait.forLogMessage('ready'))
      .start()
    expect(container.getLabels()).toMatchObject({ of: 'a test' })
    const { output, stderr, exitCode } = await container.exec(
      ['sh', '-c', 'echo $A; pwd; echo oops >&2; exit 3'],
      {
        workingDir: '/tmp',
        env: { A: '2' },
      },
    )
    expect({ output, stderr, exitCode }).toEqual({ output: '2\n/tmp\noops\n', stderr: 'oops\n', exitCode: 3 })
    expect(await container.exec(['stat', '-c', '%a', '/copied'])).toMatchObject({ stdout: '640\n' })
    await container.copyContentToContainer([{ content: 'later', target: '/later' }])
    expect(await container.exec(['cat', '/later'])).toMatchObject({ output: 'later', exitCode: 0 })
    expect(await text(await container.copyArchiveFromContainer('/later'))).toContain('later')
    const lines = await container.logs({ tail: 3 })
    const seen: string[] = []
    for await (const line of lines) {
      seen.push(String(line))
      if (seen.join('').includes('ready')) break
    }
    expect(seen.join('')).toContain('given of the host')
    await container.restart({ timeout: 0 })
    expect(await container.exec('true')).toMatchObject({ exitCode: 0 })
    await container.stop({ timeout: 0 })
    await expect(tockerd.ok('inspect', container.getId())).rejects.toThrow('No such object')
  })

  test('a server: ports that are published, and health', async () => {
    const container = await new GenericContainer('busybox')
      .withCommand([
        'sh',
        '-c',
        'mkdir /www; echo hello > /www/index.html; exec busybox httpd -f -p 8080 -h /www',
      ])
      .withExposedPorts(8080)
      .withHealthCheck({ test: ['CMD-SHELL', 'test -e /www/index.html'], interval: 200, retries: 20 })
      .withWaitStrategy(Wait.forAll([Wait.forHealthCheck(), Wait.forHttp('/', 8080)]))
      .start()
    const answer = await fetch(`http://${container.getHost()}:${container.getMappedPort(8080)}/`)
    expect(await answer.text()).toBe('hello\n')
    expect(container.getIpAddress(container.getNetworkNames()[0] ?? '')).toMatch(/^\d+\.\d+\.\d+\.\d+$/)
    await container.stop({ timeout: 0 })
  })

  test('one that ends before it is ready is told, and removed', async () => {
    const wanted = new GenericContainer('busybox')
      .withNetworkMode('none')
      .withCommand(['sh', '-c', 'echo sorry; exit 3'])
      .withWaitStrategy(Wait.forLogMessage('ready'))
      .withStartupTimeout(10_000)
    await expect(wanted.start()).rejects.toThrow(/ready/)
    await expect(new GenericContainer('127.0.0.1:1/no-such').start()).rejects.toThrow()
  })
})
