// `tocker` and a registry: login, push, pull, search, as typed. What travels in between is
// tested in test/unit/engine/distribution and test/compat/registry.test.ts. Needs root.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TestRegistry } from '../suites/test-registry.ts'
import { commandLine, openTocker, type Tocker } from '../suites/tocker.ts'

let directory: string
let engine: Tocker
let registry: TestRegistry

/** Asynchronous all along: the registry that it asks is this process. */
async function tocker(
  words: string[],
  input = '',
): Promise<{ exitCode: number | undefined; stdout: string; stderr: string }> {
  const { exitCode, stdout, stderr } = await execa(...commandLine(engine.host, ...words), {
    reject: false,
    input,
    env: { DOCKER_CONFIG: join(directory, 'docker') },
  })
  return { exitCode, stdout, stderr }
}

async function ok(...words: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await tocker(words)
  expect(stderr).toBe('')
  expect(exitCode).toBe(0)
  return stdout
}

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'a registry on the command line (needs root on Linux)',
  () => {
    beforeAll(async () => {
      engine = await openTocker()
      directory = engine.directory
      registry = await TestRegistry.open({ users: { mia: 'secret' } })
      await ok('image', 'bootstrap', '-q')
      await ok('tag', 'busybox', `${registry.host}/team/box:1`)
      await ok('tag', 'busybox', `${registry.host}/team/box:2`)
    })
    afterAll(async () => {
      await registry[Symbol.asyncDispose]()
      await engine[Symbol.asyncDispose]()
    })

    test('who is nobody may not push, and is told what to do', async () => {
      expect(await tocker(['push', '-q', `${registry.host}/team/box:1`])).toMatchObject({
        exitCode: 1,
        stderr: expect.stringMatching(new RegExp(`^tocker: [^\\n]*: tocker login ${registry.host}$`)),
      })
    })

    test.each([
      [[], '', 'cannot perform an interactive login from a non TTY device: give -u and --password-stdin'],
      [
        ['-u', 'mia', '-p', 'x', '--password-stdin'],
        '',
        'conflicting options: cannot specify both --password',
      ],
      [['--password-stdin'], 'secret', 'the --password-stdin option requires --username to be set'],
      [['-u', 'mia', '--password-stdin'], 'wrong\n', 'does not know this user and password'],
      [['-u', 'mia', '--password-stdin'], '', 'a login needs a password'],
    ])('login %j fails', async (words, input, message) => {
      const { exitCode, stderr } = await tocker(['login', ...words, registry.host], input)
      expect(stderr).toContain(message)
      expect(stderr).toMatch(/^tocker: [^\n]*$/)
      expect(exitCode).toBe(1)
    })

    test('login keeps the credentials where Docker’s client has them, and warns of what is seen', async () => {
      const insecure = await tocker(['login', '-u', 'mia', '-p', 'secret', registry.host])
      expect(insecure.stderr).toMatch(
        /^WARNING! Using --password via the CLI is insecure\. Use --password-stdin\./,
      )
      expect(insecure.stdout).toBe('Login Succeeded')
      const { auths } = JSON.parse(await readFile(join(directory, 'docker/config.json'), 'utf8'))
      expect(Object.keys(auths)).toEqual([registry.host])
      expect(await ok('login', registry.host)).toBe(
        'Authenticating with existing credentials...\nLogin Succeeded',
      )
    })

    test('push: a line for each step, or only the name; all tags', async () => {
      const pushed = await ok('push', `${registry.host}/team/box:1`)
      expect(pushed).toMatch(/^The push refers to repository \[.*\/team\/box\]\n[\da-f]{12}: Preparing\n/)
      expect(pushed).toMatch(/^[\da-f]{12}: Pushed$/m)
      expect(pushed).toMatch(/\n1: digest: sha256:[\da-f]{64} size: \d+$/)
      expect(await ok('push', '-q', `${registry.host}/team/box:1`)).toBe(`${registry.host}/team/box:1`)
      expect(await ok('push', '-a', `${registry.host}/team/box`)).toMatch(/^2: digest: /m)
      expect((await tocker(['push', '-a', `${registry.host}/team/box:1`])).stderr).toMatch(
        /tag can't be used with --all-tags/,
      )
      expect((await tocker(['push', `${registry.host}/no:1`])).stderr).toMatch(
        /does not exist locally with the tag/,
      )
    })

    test('pull: by tag, by digest, all tags, quietly; run pulls what is missing', async () => {
      await ok('rmi', `${registry.host}/team/box:1`, `${registry.host}/team/box:2`, 'busybox')
      const pulled = await ok('pull', `${registry.host}/team/box:1`)
      const name = `${registry.host}/team/box`
      expect(pulled).toMatch(/^1: Pulling from team\/box\n[\da-f]{12}: Pulling fs layer\n/)
      expect(pulled).toMatch(/^[\da-f]{12}: Pull complete$/m)
      const digest = /^Digest: (.*)$/m.exec(pulled)?.[1]
      expect(pulled.endsWith(`Status: Downloaded newer image for ${name}:1\n${name}:1`)).toBe(true)
      expect(await ok('pull', '-q', `${name}@${digest}`)).toBe(`${name}@${digest}`)
      expect(await ok('images', '--digests', '--format', '{{.Digest}}', name)).toContain(digest)
      expect((await tocker(['pull', name])).stderr).toMatch(/box:latest not found/)
      await ok('pull', '-aq', name)
      expect((await ok('images', '--format', '{{.Tag}}', name)).split('\n').sort()).toEqual(['1', '2'])
      await ok('rmi', `${name}:1`, `${name}:2`)
      const run = await tocker(['run', '--rm', `${name}:2`, 'echo', 'pulled'])
      // What it says of the pull is not the container's output.
      expect(run).toMatchObject({ exitCode: 0, stdout: 'pulled' })
      expect(run.stderr).toMatch(
        new RegExp(`^Unable to find image '${name}:2' locally\\n2: Pulling from team/box\\n`),
      )
      const quiet = ['--network', 'none', '-q', '--pull', 'always', `${name}:2`, 'true']
      expect((await tocker(['run', '--rm', ...quiet])).stderr).toBe('')
      expect((await tocker(['pull', '--platform', 'linux/s390x', `${name}:2`])).exitCode).toBe(1)
    })

    test('Ctrl-C in a pull: it ends, and the next one goes on', async () => {
      const name = `${registry.host}/team/box:2`
      await ok('rmi', name)
      let asked: (value: unknown) => void = () => {}
      const begun = new Promise((resolve) => {
        asked = resolve
      })
      registry.interfere = (request) => {
        // A layer that never comes.
        if (!request.url?.includes('/blobs/')) return false
        asked(undefined)
        return true
      }
      const child = execa(...commandLine(engine.host, 'pull', name), {
        reject: false,
        env: { DOCKER_CONFIG: join(directory, 'docker') },
      })
      await begun
      child.kill('SIGINT')
      const { signal, stderr } = await child
      expect([signal, stderr]).toEqual(['SIGINT', ''])
      registry.interfere = undefined
      expect(await ok('images', '-aq')).toBe('')
      await ok('pull', '-q', name)
    })

    test('search, and logout', async () => {
      expect(await ok('search', '--format', '{{.Name}}', `${registry.host}/box`)).toBe('team/box')
      expect((await tocker(['search', '--filter', 'colour=red', 'x'])).stderr).toMatch(
        /there are is-official=true/,
      )
      expect(await ok('logout', registry.host)).toBe(`Removing login credentials for ${registry.host}`)
      expect(await ok('logout', `http://${registry.host}/v2/`)).toBe(`Not logged in to ${registry.host}`)
    })

    test('nothing is left', async () => {
      await engine[Symbol.asyncDispose]()
      await expect.poll(() => engine.daemon.leftovers()).toEqual([])
    })
  },
)
