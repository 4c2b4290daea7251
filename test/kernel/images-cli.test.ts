// A new user's whole way through `tocker`: a first image, containers of it, what they
// wrote, names, archives, and at the end nothing. Needs root.
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { commandLine, openTocker, type Tocker } from '../suites/tocker.ts'

let directory: string
let tocker: Tocker

async function lines(...args: string[]): Promise<string[]> {
  const { stdout } = await tocker.ok(...args)
  return stdout.split('\n').filter((line) => line !== '')
}

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'images on the command line (needs root on Linux)',
  () => {
    beforeAll(async () => {
      tocker = await openTocker()
      directory = tocker.directory
    })
    afterAll(() => tocker[Symbol.asyncDispose]())

    test('there is nothing at first, and a first image is made without a registry', async () => {
      expect(await lines('images')).toEqual(['REPOSITORY   TAG       IMAGE ID   CREATED   SIZE'])
      expect((await tocker.ok('image', 'bootstrap')).stdout).toMatch(/Made busybox:latest \([\da-f]{12}\)/)
      const [, row] = await lines('images')
      expect(row).toMatch(/^busybox {6}latest {4}[\da-f]{12} {3}.* ago +[\d.]+MB$/)
      expect(await lines('image', 'ls', '-q')).toHaveLength(1)
      expect((await tocker.ok('images', '--format', '{{.Repository}}:{{.Tag}}', 'busybox')).stdout).toBe(
        'busybox:latest',
      )
      expect(await lines('images', '-q', 'nothing*')).toEqual([])
    })

    test('it runs: its command, or another; input, output and exit status are the container’s', async () => {
      expect((await tocker.ok('run', '--rm', 'busybox', 'echo', '-n', 'hello')).stdout).toBe('hello')
      const piped = await execa(
        ...commandLine(tocker.host, 'run', '-i', '--rm', 'busybox', 'tr', 'a-z', 'A-Z'),
        {
          input: 'quiet',
        },
      )
      expect(piped.stdout).toBe('QUIET')
      expect((await tocker('run', '--rm', 'busybox', 'sh', '-c', 'exit 7')).exitCode).toBe(7)
      expect((await tocker('run', '--rm', 'busybox', 'nope')).exitCode).toBe(127)
      expect((await tocker('run', '--rm', 'busybox', '/etc')).exitCode).toBe(126)
      expect(await lines('ps', '-aq')).toEqual([])
    })

    test('what it wrote stays, and is told by diff', async () => {
      await tocker.ok('run', '--name', 'one', 'busybox', 'sh', '-c', 'echo hi > /new; rm /etc/group')
      expect(await lines('diff', 'one')).toEqual(['C /etc', 'D /etc/group', 'A /new'])
      const [, row] = await lines('ps', '-a')
      expect(row).toMatch(
        /^[\da-f]{12} {3}busybox {3}"sh -c 'echo hi > \/n…" {3}.* Exited \(0\) .* ago .* one$/,
      )
      // The next container of the same image knows nothing of it.
      expect((await tocker.ok('run', '--rm', 'busybox', 'ls', '/etc/group')).stdout).toBe('/etc/group')
    })

    test('commit makes an image of it, with the command that it ran', async () => {
      await tocker.ok('commit', '-m', 'a file', '-c', 'ENV WORD=set', 'one', 'mine:1')
      expect((await tocker.ok('run', '--rm', 'mine:1', 'sh', '-c', 'cat /new; echo $WORD')).stdout).toBe(
        'hi\nset',
      )
      const history = await lines(
        'history',
        '--no-trunc',
        '--format',
        '{{.CreatedBy}}|{{.Comment}}',
        'mine:1',
      )
      expect(history[0]).toBe('sh -c echo hi > /new; rm /etc/group|a file')
      expect(history).toHaveLength(2)
      expect((await tocker.ok('image', 'inspect', '-f', '{{join .Config.Cmd " "}}', 'mine:1')).stdout).toBe(
        'sh -c echo hi > /new; rm /etc/group',
      )
    })

    test('names come and go; an image goes with its last one', async () => {
      await tocker.ok('tag', 'mine:1', 'localhost:5000/team/mine')
      expect(
        (await tocker.ok('images', '--format', '{{.Repository}}:{{.Tag}}')).stdout.split('\n').sort(),
      ).toEqual(['busybox:latest', 'localhost:5000/team/mine:latest', 'mine:1'])
      expect(await lines('rmi', 'localhost:5000/team/mine')).toEqual([
        'Untagged: localhost:5000/team/mine:latest',
      ])
    })

    test('saved, removed, loaded: the same images, which run', async () => {
      const file = join(directory, 'saved.tar')
      const ids = await lines('images', '-q', '--no-trunc')
      await tocker.ok('save', '-o', file, 'mine:1', 'busybox')
      expect((await stat(file)).mode & 0o777).toBe(0o600)
      await tocker.ok('rm', 'one')
      expect(
        (await lines('rmi', 'mine:1', 'busybox')).filter((line) => line.startsWith('Untagged')),
      ).toHaveLength(2)
      expect(await lines('images', '-aq')).toEqual([])
      expect(await lines('load', '-i', file)).toEqual([
        'Loaded image: mine:1',
        'Loaded image: busybox:latest',
      ])
      expect(await lines('images', '-q', '--no-trunc')).toEqual(ids)
      expect((await tocker.ok('run', '--rm', 'mine:1', 'cat', '/new')).stdout).toBe('hi')
    })

    test('a container becomes a flat image through a pipe, though both ends want the graph', async () => {
      await tocker.ok('run', '--name', 'two', 'mine:1', 'sh', '-c', 'echo more > /more')
      const [node, words] = commandLine(tocker.host)
      const quoted = [node, ...words].join(' ')
      const { stdout } = await execa('sh', [
        '-c',
        `${quoted} export two | ${quoted} import -c 'CMD ["cat", "/more"]' -m flat - flat:1`,
      ])
      expect(stdout).toMatch(/^sha256:[\da-f]{64}$/)
      expect((await tocker.ok('run', '--rm', 'flat:1')).stdout).toBe('more')
      expect(
        (await tocker.ok('image', 'inspect', '--format', '{{len .RootFS.Layers}} {{.Comment}}', 'flat:1'))
          .stdout,
      ).toBe('1 flat')
      await execa('sh', ['-c', `${quoted} save flat:1 | ${quoted} load`])
    })

    test('the image says who, where and what; the command line says it again', async () => {
      await tocker.ok('run', '--name', 'three', 'busybox', 'true')
      const changes = [
        'USER nobody',
        'WORKDIR /made/by/docker',
        'ENTRYPOINT ["echo", "entry"]',
        'CMD ["cmd"]',
        'ENV A=1 B=2',
      ]
      await tocker.ok('commit', ...changes.flatMap((change) => ['-c', change]), 'three', 'says')
      const run = async (...words: string[]) => (await tocker.ok('run', '--rm', ...words)).stdout
      expect(await run('says')).toBe('entry cmd')
      expect(await run('says', 'other')).toBe('entry other')
      expect(await run('--entrypoint', 'pwd', 'says')).toBe('/made/by/docker')
      expect(await run('--entrypoint', 'id', 'says', '-un')).toBe('nobody')
      expect(await run('--entrypoint', 'id', '-u', '12:34', 'says')).toBe('uid=12 gid=34 groups=34')
      expect(
        await run('--entrypoint', 'sh', '-e', 'B=3', '-w', '/tmp', 'says', '-c', 'echo $A $B $HOME; pwd'),
      ).toBe('1 3 /\n/tmp')
    })

    test('what takes the room is told, and prune gives it back', async () => {
      const df = await lines('system', 'df')
      expect(df[1]).toMatch(/^Images +4 +2 +[\d.]+MB +[\d.]+[kM]?B \(\d+%\)$/)
      expect(df[2]).toMatch(/^Containers +2 +0 /)
      expect((await tocker.ok('system', 'df', '-v')).stdout).toMatch(
        /SHARED SIZE.*\n.*(flat|says|mine|busybox)/,
      )
      const info = JSON.parse((await tocker.ok('info', '--format', 'json')).stdout)
      expect(info).toMatchObject({ Containers: 2, Images: 4, Driver: expect.any(String) })

      await tocker.ok('rm', 'two', 'three')
      const kept = await execa(...commandLine(tocker.host, 'image', 'prune', '-a'), { input: 'n\n' })
      expect(kept.stdout).toMatch(/This will remove all images without at least one container/)
      expect(await lines('images', '-q')).toHaveLength(4)
      expect((await tocker.ok('image', 'prune', '-af')).stdout).toMatch(/^Total reclaimed space: [\d.]+MB$/m)
      expect(await lines('images', '-aq')).toEqual([])
    })

    test('nothing is left: no image, layer, blob, record, mount or process', async () => {
      const root = tocker.root
      const driver = JSON.parse((await tocker.ok('info', '--format', 'json')).stdout).Driver
      expect(await readdir(join(root, 'containers'))).toEqual([])
      expect(await readdir(join(root, 'image', driver, 'content/blobs/sha256'))).toEqual([])
      expect((await readdir(join(root, driver))).filter((name) => /^[\da-f]{64}$/.test(name))).toEqual([])
      expect(await readdir(directory)).toEqual(['saved.tar'])
      await tocker[Symbol.asyncDispose]()
      expect(await readFile('/proc/self/mountinfo', 'utf8')).not.toContain(root)
      await expect.poll(() => tocker.daemon.leftovers()).toEqual([])
    })
  },
)
