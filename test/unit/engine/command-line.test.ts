// runc's command line: words in, calls to the engine, an exit status, and lines
// that managers parse out.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EngineError } from '../../../engine/errors.ts'
import { type Flag, parseArguments } from '../../../engine/libcontainer/commands/arguments.ts'
import { parseDuration } from '../../../engine/libcontainer/commands/events.ts'
import { parseSignal } from '../../../engine/libcontainer/commands/signal.ts'
import type { Engine } from '../../../engine/libcontainer/commands/verb.ts'
import { logLine } from '../../../engine/libcontainer/log.ts'
import { main } from '../../../engine/libcontainer/main.ts'
import { RuntimeDouble } from '../../suites/runtime-double.ts'

let double: RuntimeDouble
beforeEach(() => {
  double = new RuntimeDouble()
})
afterEach(() => double.close())

describe('words become flags as Go reads them', () => {
  const known: Flag[] = [
    { name: 'bundle', short: 'b', kind: 'text', help: '' },
    { name: 'all', short: 'a', kind: 'switch', help: '' },
    { name: 'env', short: 'e', kind: 'list', help: '' },
  ]
  test.each([
    [['--bundle', 'x', 'id'], { bundle: 'x' }, ['id']],
    [['-bundle=x', 'id'], { bundle: 'x' }, ['id']],
    [['-b', 'x', 'id', '--all'], { bundle: 'x', all: 'true' }, ['id']],
    [['id', '-a=false', '--', '--bundle'], { all: 'false' }, ['id', '--bundle']],
    [['--env', '-1', '-e', 'a=b', '-'], { env: 'a=b' }, ['-']],
    [['--bundle='], { bundle: '' }, []],
  ])('%j', (words, flags, args) => {
    const parsed = parseArguments(words, known, false)
    expect(parsed.args).toEqual(args)
    for (const [name, value] of Object.entries(flags)) expect(parsed.flags.text(name)).toBe(value)
  })
  test('a command of its own ends them', () => {
    const parsed = parseArguments(['-a', 'id', 'ls', '-a', '--', '-x'], known, true)
    expect(parsed.args).toEqual(['id', 'ls', '-a', '--', '-x'])
  })
  test.each([
    [['--nope'], 'flag provided but not defined: -nope'],
    [['-ab'], 'flag provided but not defined: -ab'],
    [['--bundle'], 'flag needs an argument: -bundle'],
    [['--all=maybe'], 'invalid boolean value "maybe" for -all'],
  ])('%j is refused', (words, message) => {
    expect(() => parseArguments(words, known, false)).toThrow(message)
  })
})

test.each([
  ['9', 9],
  ['KILL', 9],
  ['SIGKILL', 9],
  ['sigterm', 15],
  ['SIGRTMIN+3', 37],
  ['RTMAX-1', 63],
  ['0', 0],
])('signal %s', (text, number) => expect(parseSignal(text)).toBe(number))
test.each(['NOPE', '', '65', '-1', 'SIG', 'RTMIN+40', '9x'])('%j is no signal', (text) => {
  expect(() => parseSignal(text)).toThrow(`unknown signal "${text}"`)
})
test('durations', () => {
  expect(['5s', '1m30s', '500ms', '1.5h'].map(parseDuration)).toEqual([5000, 90_000, 500, 5_400_000])
  for (const text of ['', '5', 's', '0s', '-1s']) expect(() => parseDuration(text)).toThrow()
})

describe('the log', () => {
  const time = new Date('2026-01-02T03:04:05.678Z')
  test('has the shapes that managers parse, one line each', () => {
    expect(logLine('json', 'error', 'a\n "b"', time)).toBe(
      '{"level":"error","msg":"a / \\"b\\"","time":"2026-01-02T03:04:05Z"}\n',
    )
    expect(logLine('text', 'warning', 'x', time)).toBe('time="2026-01-02T03:04:05Z" level=warning msg="x"\n')
  })
  test('an error is in the file and on stderr', async () => {
    const file = join(double.root, 'log')
    expect(await double.run('--log', file, '--log-format', 'json', 'state', 'nope')).toBe(1)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      level: 'error',
      msg: 'container does not exist',
    })
    expect(double.err).toBe('container does not exist\n')
    expect(await double.run('--log', '/nowhere/log', 'state', 'nope')).toBe(1)
    expect(double.err).toContain('container does not exist')
  })
})

describe('what is wrong on the command line', () => {
  test.each<[string[], number, string]>([
    [['nope'], 3, "No help topic for 'nope'"],
    [['constructor'], 3, 'No help topic'],
    [['help', 'nope'], 3, "No help topic for 'nope'"],
    [['checkpoint', 'c'], 1, 'checkpoint is unsupported'],
    [['state'], 1, '"state" requires exactly 1 argument(s)'],
    [['state', 'a', 'b'], 1, '"state" requires exactly 1 argument(s)'],
    [['create', '--nope', 'c'], 1, 'flag provided but not defined: -nope'],
    [['create', 'a/b'], 1, 'create failed: invalid container ID format'],
    [['create', ''], 1, 'create failed: container id cannot be empty'],
    [['create', '-b', '/nowhere', 'c'], 1, 'JSON specification file /nowhere/config.json not found'],
    [['--log-format', 'xml', 'list'], 1, 'invalid log-format: xml'],
    [['--rootless', 'maybe', 'list'], 1, 'invalid value \\"maybe\\" for flag -rootless'],
    [['list', '-f', 'xml'], 1, 'invalid format option'],
    [['exec', 'nope', 'true'], 255, 'exec failed: container does not exist'],
    [['exec'], 255, 'requires a minimum of 1'],
    [['kill', 'nope'], 1, 'container does not exist'],
  ])('%j', async (words, status, message) => {
    expect(await double.run(...words)).toBe(status)
    expect(double.err.replaceAll('\\"', '"')).toContain(message.replaceAll('\\"', '"'))
    expect(double.err.trim().split('\n')).toHaveLength(1)
    expect(double.calls).toEqual([])
  })
  test('--version, --help, and help for a verb, are no errors', async () => {
    expect(await double.run('--version')).toBe(0)
    expect(double.out).toMatch(/^tocker-runtime version \d+\.\d+\.\d+\nspec: 1\.2\.0\n/)
    expect(await double.run()).toBe(0)
    expect(double.out).toMatch(/create +create a container/)
    expect(await double.run('update', '--help')).toBe(0)
    expect(double.out).toContain('--memory-swap value')
    const asked = double.out
    for (const help of ['help', 'h']) {
      expect(await double.run(help, 'update')).toBe(0)
      expect(double.out).toBe(asked)
    }
  })
})

describe('create and run', () => {
  test('hand over a validated config, and every flag', async () => {
    const b = double.bundle()
    const words = ['--pid-file', '/p', '--no-pivot', '--no-new-keyring', '--preserve-fds', '3']
    expect(await double.run('--systemd-cgroup', '--rootless', 'true', 'create', '-b', b, ...words, 'c')).toBe(
      0,
    )
    expect(double.calls).toEqual([
      [
        'create',
        expect.objectContaining({
          ...{ root: double.state, id: 'c', bundle: b, pidFile: '/p', preserveFds: 3 },
          ...{ noPivot: true, noNewKeyring: true, systemdCgroup: true, rootless: true },
          config: expect.objectContaining({ hostname: 'tocker' }),
        }),
      ],
    ])
    expect(await double.run('run', '--bundle', b, '--detach', '--keep', '--no-subreaper', 'c')).toBe(7)
    expect(double.calls[1]).toEqual(['run', expect.objectContaining({ detach: true, keep: true })])
  })
  test('a terminal needs somebody who holds it', async () => {
    const b = double.bundle((config) => {
      config.process.terminal = true
    })
    expect(await double.run('create', '-b', b, 'c')).toBe(1)
    expect(double.err).toContain('without setting console socket')
    expect(await double.run('run', '-b', b, '--console-socket', '/s', 'c')).toBe(1)
    expect(double.err).toContain('cannot use console socket')
    expect(await double.run('create', '-b', b, '--console-socket', '/s', 'c')).toBe(0)
    expect(await double.run('run', '-b', b, 'c')).toBe(7)
  })
  test('a bad config is told by path, and nothing is touched', async () => {
    const b = double.bundle((config) => Object.assign(config.process, { cwd: 'x', args: [] }))
    expect(await double.run('create', '-b', b, 'c')).toBe(1)
    expect(double.err).toContain(
      '$.process.cwd: it is not an absolute path; $.process.args: there is no command',
    )
    expect(double.calls).toEqual([])
  })
})

test('an error of the engine is one line with its causes; a bug of ours is no stack trace', async () => {
  const failing: Engine = {
    ...double.engine,
    createContainer: async () => {
      throw new EngineError('forbidden', 'mount /proc', { cause: new Error('mount(2): EPERM') })
    },
  }
  const b = double.bundle()
  let text = ''
  const err = (line: string): void => {
    text += line
  }
  expect(await main(['create', '-b', b, 'c'], failing, { out: () => {}, err })).toBe(1)
  expect(text).toContain('msg="tocker-runtime create failed: mount /proc: mount(2): EPERM"')
  expect(text.trim().split('\n')).toHaveLength(1)
})
