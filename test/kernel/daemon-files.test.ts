// `docker cp`, `export` and `commit` by the stock client, on a tockerd of the tests' own. Needs root.

import { once } from 'node:events'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { leftovers } from '../leftovers.mjs'
import { nothingMoreThan } from '../suites/nothing-left.ts'
import { Tockerd } from '../suites/tockerd.ts'

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'files of containers (needs root)',
  () => {
    let tockerd: Tockerd
    let before: string[]
    let at: (name: string) => string
    beforeAll(async () => {
      before = leftovers()
      tockerd = await Tockerd.open()
      at = (name) => join(tockerd.directory, name)
      await tockerd.ok('volume', 'create', 'data')
      const script =
        'echo v > /data/inside; mkdir /d; echo 1 > /d/one; ln -s /d/one /link; ln -s /etc/../../../d /dirlink; sleep 1000'
      const words = [
        '--network',
        'none',
        '--stop-timeout',
        '0',
        '-v',
        'data:/data',
        '--tmpfs',
        '/scratch',
        '--name',
        'run',
      ]
      await tockerd.ok('run', '-d', ...words, 'busybox', 'sh', '-c', script)
      await vi.waitFor(() => tockerd.ok('exec', 'run', 'ls', '/dirlink/one'), 20_000)
      await tockerd.ok(
        'create',
        '--network',
        'none',
        '--name',
        'still',
        '-v',
        'data:/data',
        '-v',
        'data:/ro:ro',
        'busybox',
        'true',
      )
    })
    afterAll(async () => {
      await tockerd[Symbol.asyncDispose]()
      await nothingMoreThan(before)
    })

    describe('docker cp', () => {
      test('a file out of a container that runs, from its volume and from its tmpfs, too', async () => {
        await tockerd.ok('cp', 'run:/d/one', at('one'))
        expect(readFileSync(at('one'), 'utf8')).toBe('1\n')
        await tockerd.ok('cp', 'run:/data/inside', at('inside'))
        expect(readFileSync(at('inside'), 'utf8')).toBe('v\n')
        await tockerd.ok('exec', 'run', 'sh', '-c', 'echo t > /scratch/t')
        await tockerd.ok('cp', 'run:/scratch/t', at('t'))
        expect(readFileSync(at('t'), 'utf8')).toBe('t\n')
      })

      test('of one that was never started: its volume is seen', async () => {
        await tockerd.ok('cp', 'still:/data/inside', at('again'))
        expect(readFileSync(at('again'), 'utf8')).toBe('v\n')
        // Nothing stays mounted where it was put together, a moment after the answer.
        await expect.poll(() => readdirSync(at('exec/files'))).toEqual([])
      })

      test.each([
        ['run:/d', 'as-d/one'],
        ['run:/d/', 'as-d/one'],
        ['run:/d/.', 'as-d/one'],
      ])('%s to a name that is not there becomes it', async (source, found) => {
        const place = at(`case-${source.length}`)
        mkdirSync(place)
        await tockerd.ok('cp', source, join(place, 'as-d'))
        expect(readFileSync(join(place, found), 'utf8')).toBe('1\n')
      })

      test.each([
        ['run:/d', 'd/one'],
        ['run:/d/.', 'one'],
      ])('%s to a directory goes into it', async (source, found) => {
        const place = at(`into-${source.length}`)
        mkdirSync(place)
        await tockerd.ok('cp', source, place)
        expect(readFileSync(join(place, found), 'utf8')).toBe('1\n')
      })

      test('a link is copied as one, and with -L what it leads to', async () => {
        await tockerd.ok('cp', 'run:/link', at('copied-link'))
        expect(readlinkSync(at('copied-link'))).toBe('/d/one')
        await tockerd.ok('cp', '-L', 'run:/link', at('followed'))
        expect(lstatSync(at('followed')).isFile()).toBe(true)
      })

      test('links of the container end inside it', async () => {
        await tockerd.ok(
          'exec',
          'run',
          'ln',
          '-s',
          `../../../../../../../../../../..${at('secret')}`,
          '/escape',
        )
        writeFileSync(at('secret'), 'of the host')
        const { exitCode } = await tockerd.docker(['cp', '-L', 'run:/escape', at('stolen')])
        expect(exitCode).toBe(1)
        expect(existsSync(at('stolen'))).toBe(false)
        await tockerd.docker(['cp', at('one'), 'run:/escape'])
        expect(readFileSync(at('secret'), 'utf8')).toBe('of the host')
        await tockerd.ok('exec', 'run', 'rm', '/escape')
      })

      test('files into a container: by name, into a directory, through a link to one', async () => {
        writeFileSync(at('new'), 'n')
        await tockerd.ok('cp', at('new'), 'run:/d/renamed')
        await tockerd.ok('cp', at('new'), 'run:/d')
        await tockerd.ok('cp', at('new'), 'run:/dirlink/third')
        expect(await tockerd.ok('exec', 'run', 'ls', '/d')).toBe('new\none\nrenamed\nthird')
        await tockerd.ok('cp', at('new'), 'still:/data/by-still')
        expect(await tockerd.ok('exec', 'run', 'cat', '/data/by-still')).toBe('n')
      })

      test('a directory with what is in it, modes and links included', async () => {
        mkdirSync(at('tree/sub'), { recursive: true })
        writeFileSync(at('tree/sub/run.sh'), 'x', { mode: 0o750 })
        symlinkSync('sub/run.sh', at('tree/link'))
        await tockerd.ok('cp', at('tree'), 'run:/')
        expect(await tockerd.ok('exec', 'run', 'stat', '-c', '%a', '/tree/sub/run.sh')).toBe('750')
        expect(await tockerd.ok('exec', 'run', 'readlink', '/tree/link')).toBe('sub/run.sh')
        // The target's own owner and mode stay as they are.
        expect(await tockerd.ok('exec', 'run', 'stat', '-c', '%a', '/')).toBe('755')
      })

      test('as an archive, by - in either direction', async () => {
        const { stdout } = await execa('docker', ['cp', 'run:/d/.', '-'], {
          ...{ env: tockerd.environment, encoding: 'buffer' },
        })
        const listed = await execa('tar', ['-t'], { input: stdout })
        expect(listed.stdout.split('\n').slice(0, 2)).toEqual(['./', './new'])
        expect(await tockerd.docker(['cp', '-', 'run:/scratch'], Buffer.from(stdout))).toMatchObject({
          exitCode: 0,
        })
        expect(await tockerd.ok('exec', 'run', 'cat', '/scratch/one')).toBe('1')
      })

      test.each([
        [['cp', 'run:/nowhere', '.'], 'Could not find the file /nowhere in container run'],
        [['cp', 'nobody:/x', '.'], 'No such container: nobody'],
        [['cp', 'run:/d/one/', '.'], 'not a directory'],
      ])('%j is refused', async (words, message) => {
        expect(await tockerd.docker(words)).toMatchObject({
          exitCode: 1,
          stderr: expect.stringContaining(message),
        })
      })

      test('a volume that is read-only, and a root that is, are refused', async () => {
        const refused = async (target: string): Promise<string> =>
          (await tockerd.docker(['cp', at('one'), target])).stderr
        expect(await refused('still:/ro/x')).toContain('mounted volume is marked read-only')
        await tockerd.ok(
          'create',
          '--network',
          'none',
          '--name',
          'fixed',
          '--read-only',
          '-v',
          'data:/data',
          'busybox',
          'true',
        )
        expect(await refused('fixed:/x')).toContain('container rootfs is marked read-only')
        await tockerd.ok('cp', at('one'), 'fixed:/data/allowed')
      })

      test('noOverwriteDirNonDir: a directory stays one', async () => {
        mkdirSync(at('pack'), { recursive: true })
        writeFileSync(at('pack/d'), 'a file')
        const { stdout } = await execa('tar', ['-C', at('pack'), '-c', 'd'], { encoding: 'buffer' })
        const path = '/containers/run/archive?path=/&noOverwriteDirNonDir=true'
        const { status, body } = await tockerd.request('PUT', path, Buffer.from(stdout), 'application/x-tar')
        expect(status).toBe(400)
        expect(JSON.parse(body.toString()).message).toBe(
          'cannot overwrite directory "/d" with non-directory "/"',
        )
      })

      test('-a: a container of another user gets it as that user', async () => {
        const words = [
          '--network',
          'none',
          '--name',
          'user',
          '--user',
          '1234:2345',
          'busybox',
          'stat',
          '-c',
          '%u:%g',
          '/mine',
        ]
        await tockerd.ok('create', ...words)
        await tockerd.ok('cp', '-a', at('one'), 'user:/mine')
        expect(await tockerd.ok('start', '-a', 'user')).toBe('1234:2345')
      })

      test('the stat says what Go would', async () => {
        const { headers } = await tockerd.request('HEAD', '/containers/run/archive?path=/dirlink')
        const stat = JSON.parse(
          Buffer.from(String(headers['x-docker-container-path-stat']), 'base64').toString(),
        )
        expect(stat).toMatchObject({ name: 'dirlink', mode: 2 ** 27 + 0o777, linkTarget: '/d' })
      })
    })

    test('docker export has the files and not those of volumes; import makes them an image', async () => {
      await tockerd.ok('export', '-o', at('export.tar'), 'run')
      const { stdout } = await execa('tar', ['-tf', at('export.tar')])
      expect(stdout.split('\n')).toContain('d/one')
      expect(stdout.split('\n')).not.toContain('data/inside')
      await tockerd.ok('import', at('export.tar'), 'again:1')
      expect(await tockerd.ok('run', '--rm', '--network', 'none', 'again:1', 'cat', '/d/one')).toBe('1')
    })

    test('a container is removed while somebody reads its export slowly', async () => {
      const words = ['--network', 'none', '--stop-timeout', '0', '--name', 'read', 'busybox', 'sleep', '1000']
      await tockerd.ok('run', '-d', ...words)
      const slow = request({ socketPath: tockerd.socket, path: '/containers/read/export' }).end()
      const [answer] = await once(slow, 'response')
      expect(await tockerd.ok('rm', '-f', 'read')).toBe('read')
      expect((await tockerd.docker(['inspect', 'read'])).exitCode).toBe(1)
      answer.destroy()
    })

    describe('docker commit', () => {
      test('what was written is in the image, with the words of who committed', async () => {
        const id = await tockerd.ok(
          'commit',
          '-a',
          'me',
          '-m',
          'why',
          '-c',
          'CMD ["cat","/d/one"]',
          'run',
          'made:1',
        )
        expect(id).toMatch(/^sha256:[0-9a-f]{64}$/)
        expect(await tockerd.ok('run', '--rm', '--network', 'none', 'made:1')).toBe('1')
        const format = '{{.Author}} {{.Comment}} {{json .Config.Cmd}} {{len .RootFS.Layers}}'
        expect(await tockerd.ok('image', 'inspect', '--format', format, 'made:1')).toBe(
          'me why ["cat","/d/one"] 2',
        )
        const history = await tockerd.ok(
          'history',
          '--no-trunc',
          '--format',
          '{{.CreatedBy}}|{{.Comment}}',
          'made:1',
        )
        expect(history.split('\n')).toHaveLength(2)
        expect(history).toContain('|why')
        // It was frozen, and goes on.
        expect(await tockerd.ok('inspect', '--format', '{{.State.Status}}', 'run')).toBe('running')
      })

      test('a change that is none freezes nobody', async () => {
        const { stderr } = await tockerd.docker(['commit', '-c', 'NOSUCH x', 'run'])
        expect(stderr).toContain('"NOSUCH" is not a valid change command')
        expect(await tockerd.ok('inspect', '--format', '{{.State.Status}}', 'run')).toBe('running')
      })
    })
  },
)
