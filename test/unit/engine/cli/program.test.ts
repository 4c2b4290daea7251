// The command line itself: flags as Docker's client reads them, help, verbs that do not
// exist, and which exit status says what.
import { describe, expect, test } from 'vitest'
import { type Flag, parseFlags } from '../../../../engine/cli/flags.ts'
import type { Streams } from '../../../../engine/cli/output/streams.ts'
import { main } from '../../../../engine/cli/program.ts'
import { userLine } from '../../../../engine/cli/user-line.ts'
import { verbs } from '../../../../engine/cli/verbs.ts'

async function tocker(...words: string[]) {
  let [stdout, stderr] = ['', '']
  const streams: Streams = {
    out: (text) => {
      stdout += text
    },
    err: (text) => {
      stderr += text
    },
    terminal: () => undefined,
  }
  return { status: await main(words, streams), stdout, stderr }
}

const flags: Flag[] = [
  { name: 'all', short: 'a', help: '' },
  { name: 'quiet', short: 'q', help: '' },
  { name: 'human', short: 'H', on: true, help: '' },
  { name: 'format', short: 'f', value: 'string', help: '' },
  { name: 'filter', value: 'list', list: true, help: '' },
  { name: 'explain', value: 'format', choices: ['text', 'json'], help: '' },
]

describe('flags', () => {
  test.each([
    [['-aq', 'x'], { all: true, quiet: true }, ['x']],
    [['x', '-a=false', '--quiet=T', 'y'], { all: false, quiet: true }, ['x', 'y']],
    [['--human=false'], { human: false }, []],
    [['-fjson'], { format: 'json' }, []],
    [['-f=json'], { format: 'json' }, []],
    [['-af', 'json'], { all: true, format: 'json' }, []],
    [['--format', '-1', '-'], { format: '-1' }, ['-']],
    [['--format=a=b', '--format', 'last'], { format: 'last' }, []],
    [['--format='], { format: '' }, []],
    [['-a', '--', '-q', '--nope'], { all: true, quiet: false }, ['-q', '--nope']],
    [['--explain', 'json'], { explain: 'json' }, []],
    [['--explain', 'ps'], { explain: 'text' }, ['ps']],
    [['--explain=json', 'ps'], { explain: 'json' }, ['ps']],
    [[], { human: true, all: false }, []],
  ])('%j', (words, expected, args) => {
    const parsed = parseFlags(words, flags)
    for (const [name, value] of Object.entries(expected))
      expect(typeof value === 'boolean' ? parsed.flags.on(name) : parsed.flags.text(name)).toBe(value)
    expect(parsed.args).toEqual(args)
  })

  test('a list has them all; what stands behind the first argument can be another program’s', () => {
    const { flags: given, args } = parseFlags(
      ['--filter', 'a', '--filter=b', 'cmd', '--filter', 'c'],
      flags,
      {
        passThrough: true,
      },
    )
    expect(given.list('filter')).toEqual(['a', 'b'])
    expect(args).toEqual(['cmd', '--filter', 'c'])
  })

  test.each([
    [['--nope'], 'unknown flag: --nope'],
    [['-ax'], "unknown shorthand flag: 'x' in -ax"],
    [['--format'], 'flag needs an argument: --format'],
    [['-af'], "flag needs an argument: 'f' in -af"],
    [['--all=maybe'], 'invalid argument "maybe" for "-a, --all" flag: it is true or false'],
    [['--explain=xml'], 'invalid argument "xml" for "--explain" flag: it is text or json'],
  ])('%j: %s', (words, message) => {
    expect(() => parseFlags(words, flags)).toThrow(message)
  })
})

test('without a verb, the help; it names each verb once, in lines of 80 columns', async () => {
  const { status, stdout } = await tocker()
  expect(status).toBe(0)
  for (const { names } of verbs) expect(stdout).toMatch(new RegExp(`^ {2}${names[0]} `, 'm'))
  expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
  expect(await tocker('--help')).toEqual({ status, stdout, stderr: '' })
  expect(await tocker('help')).toEqual({ status, stdout, stderr: '' })
})

test.each(verbs.flatMap(({ names }) => names))('help of %s', async (name) => {
  const { status, stdout, stderr } = await tocker(...name.split(' '), '--help')
  expect([status, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(new RegExp(`^Usage: {2}tocker ${name}( |$)`, 'm'))
  expect(stdout.split('\n').filter((line) => line.length > 80 && !line.includes('Aliases'))).toEqual([])
  expect(await tocker('help', ...name.split(' '))).toEqual({ status, stdout, stderr })
})

test('no two verbs have the same name, and no two flags of a verb', async () => {
  const names = verbs.flatMap((entry) => entry.names)
  expect(new Set(names).size).toBe(names.length)
  for (const entry of verbs) {
    const { verb } = await entry.load()
    const flagNames = verb.flags.flatMap(({ name, short }) => (short ? [name, short] : [name]))
    expect(new Set(flagNames).size).toBe(flagNames.length)
  }
})

test.each([
  [
    ['imagse'],
    1,
    "tocker: unknown command: tocker imagse; did you mean 'tocker images'? (see 'tocker --help')\n",
  ],
  [['rnu'], 1, "tocker: unknown command: tocker rnu; did you mean 'tocker run'? (see 'tocker --help')\n"],
  [['image', 'lss'], 1, /did you mean 'tocker image ls'\?/],
  [['frobnicate'], 1, "tocker: unknown command: tocker frobnicate (see 'tocker --help')\n"],
  [['constructor'], 1, /unknown command/],
  [['images', '--nope'], 125, "tocker: unknown flag: --nope (see 'tocker images --help')\n"],
  [['--nope', 'images'], 125, 'tocker: unknown flag: --nope\n'],
  [['images', 'a', 'b'], 1, /'tocker images' requires at most 1 argument: tocker images \[OPTIONS\]/],
  [['rmi'], 1, /'tocker rmi' requires at least 1 argument/],
  [['tag', 'a'], 1, /'tocker tag' requires 2 arguments/],
  [['run', '-m', '5x', 'busybox'], 125, /invalid argument "5x" for "-m, --memory" flag/],
])('%j fails with status %d', async (words, status, message) => {
  const result = await tocker(...words)
  expect(result).toMatchObject({ status, stdout: '' })
  expect(result.stderr).toMatch(/^tocker: [^\n]+\n$/)
  expect(result.stderr).toEqual(typeof message === 'string' ? message : expect.stringMatching(message))
})

test('a group without a verb lists its verbs', async () => {
  const { status, stdout } = await tocker('image')
  expect(status).toBe(0)
  expect(stdout).toMatch(/^Usage: {2}tocker image COMMAND\n/)
  expect(stdout).toMatch(/^ {2}ls +List images$/m)
})

test('an error has one line, whatever a program that was called had to say', () => {
  expect(userLine(new Error('dmsetup:\n  cannot\n\n'))).toBe('tocker: dmsetup; cannot\n')
})
