// `--log-driver journald` with a real systemd-journald, and journalctl to read it back. Needs root.
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasJournald, Journald } from '../suites/journald.ts'
import { nothingLeft } from '../suites/nothing-left.ts'
import { Tockerd } from '../suites/tockerd.ts'

const isRoot = process.platform === 'linux' && process.getuid?.() === 0

describe.runIf(isRoot && hasJournald)('journald (needs root)', () => {
  let journald: Journald
  let tockerd: Tockerd
  beforeAll(async () => {
    journald = await Journald.open()
    tockerd = await Tockerd.open(['--log-driver=journald'], undefined, journald.namespace)
  })
  afterAll(async () => {
    await tockerd[Symbol.asyncDispose]()
    await journald[Symbol.asyncDispose]()
    await nothingLeft(() => tockerd.leftovers())
  })
  const fixed = ['--network', 'none', '--stop-timeout', '0']
  const run = (name: string, script: string, ...words: string[]): Promise<string> =>
    tockerd.ok('run', ...fixed, '--name', name, ...words, 'busybox', 'sh', '-c', script)

  test('what a line has beside it', async () => {
    const id = await run(
      ...(['fields', 'echo out; echo err >&2; sleep 1000', '-d'] as const),
      ...['--label', 'com.example.Of=us', '--label', 'other=no', '-e', '_WHO=me'],
      ...[
        '--log-opt',
        'labels=com.example.Of',
        '--log-opt',
        'env=_WHO',
        '--log-opt',
        'tag={{.Name}}/{{.ID}}',
      ],
    )
    await expect.poll(() => journald.find('CONTAINER_NAME=fields')).toHaveLength(2)
    const [out, err] = await journald.find('CONTAINER_NAME=fields')
    const common = {
      CONTAINER_ID: id.slice(0, 12),
      CONTAINER_ID_FULL: id,
      CONTAINER_TAG: `fields/${id.slice(0, 12)}`,
      SYSLOG_IDENTIFIER: `fields/${id.slice(0, 12)}`,
      IMAGE_NAME: 'busybox',
      COM_EXAMPLE_OF: 'us',
      WHO: 'me',
    }
    expect(out).toMatchObject({ ...common, MESSAGE: 'out', PRIORITY: '6', CONTAINER_LOG_ORDINAL: '1' })
    expect(err).toMatchObject({ ...common, MESSAGE: 'err', PRIORITY: '3', CONTAINER_LOG_ORDINAL: '2' })
    expect(out).not.toHaveProperty('OTHER')
    expect(await tockerd.ok('logs', '--details', 'fields')).toBe('COM_EXAMPLE_OF=us,WHO=me out')
    expect(await tockerd.ok('inspect', '-f', '{{.HostConfig.LogConfig.Type}}', 'fields')).toBe('journald')
    await tockerd.ok('rm', '-f', 'fields')
  })

  test('logs reads back what was written, byte by byte', async () => {
    const script = `printf 'a\\001\\377b\\n\\nlast'; head -c 40000 /dev/zero | tr '\\0' x; echo; echo err >&2`
    await run('bytes', script)
    // journald takes what it was sent in its own time.
    await expect
      .poll(() => tockerd.docker(['logs', 'bytes']))
      .toMatchObject({ stdout: `a\u0001\uFFFDb\n\nlast${'x'.repeat(40_000)}`, stderr: 'err' })
    await run('count', 'for i in 1 2 3 4 5; do echo $i; sleep 0.05; done')
    await expect.poll(() => tockerd.ok('logs', '--tail', '2', 'count')).toBe('4\n5')
    expect(await tockerd.ok('logs', '--tail', '0', 'count')).toBe('')
    const lines = (await tockerd.ok('logs', '-t', 'count')).split('\n')
    const at = (line: number): string => (lines[line] ?? '').split(' ')[0] ?? ''
    expect(await tockerd.ok('logs', '--since', at(2), '--until', at(3), 'count')).toBe('3\n4')
    await tockerd.ok('rm', 'bytes', 'count')
  })

  test('who follows has every line to the last', async () => {
    const script = 'i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done'
    await run('before', `${script}; sleep 0.5; echo end`, '-d')
    const all = [...Array.from({ length: 3000 }, (_, i) => `line ${i}`), 'end'].join('\n')
    expect(await tockerd.ok('logs', '-f', 'before')).toBe(all)
    // Its first lines say that somebody follows; then he is to have the others.
    await run('none', `until [ -e /heard ]; do echo nobody; sleep 0.1; done; ${script}; echo end`, '-d')
    const following = execa('docker', ['logs', '-f', '--tail', '0', 'none'], { env: tockerd.environment })
    await once(following.stdout, 'data')
    await tockerd.ok('exec', 'none', 'touch', '/heard')
    expect((await following).stdout.replace(/^(nobody\n)+/, '')).toBe(all)
    await tockerd.ok('rm', 'before', 'none')
  })

  test('a journal that begins anew loses nothing, and one that is not there is said', async () => {
    await run('goes', 'i=0; while :; do echo $i; i=$((i+1)); usleep 20000; done', '-d')
    await sleep(300)
    await journald.stop()
    await sleep(300)
    await journald.start()
    await sleep(300)
    await tockerd.ok('stop', 'goes')
    const numbers = (await tockerd.ok('logs', 'goes')).split('\n').map(Number)
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, i) => i))
    await tockerd.ok('rm', 'goes')

    await journald.stop()
    const refused = await tockerd.docker(['run', ...fixed, '--name', 'gone', 'busybox', 'true'])
    expect(refused.exitCode).toBe(125)
    expect(refused.stderr).toContain(
      'failed to initialize logging driver: journald is not enabled on this host',
    )
    await tockerd.ok('rm', 'gone')
    await journald.start()
  })

  test('options that it does not know are refused', async () => {
    const words = ['create', ...fixed, '--log-opt', 'max-size=1m', 'busybox']
    expect((await tockerd.docker(words)).stderr).toContain(
      "unknown log opt 'max-size' for journald log driver",
    )
    expect(await tockerd.ok('info', '-f', '{{.Plugins.Log}} {{.LoggingDriver}}')).toMatch(
      /journald.* journald$/,
    )
  })
})
