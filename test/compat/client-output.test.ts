// What tocker prints beside what Docker's client prints of the same answers. The client
// is the real one; the daemon that it talks to is this file, and says what it is told.
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa, execaSync } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ContainerSummary } from '../../engine/api/container.ts'
import type { HistoryResponseItem, ImageSummary } from '../../engine/api/image.ts'
import type { ProgressMessage } from '../../engine/api/progress.ts'
import type { SearchResult } from '../../engine/api/search.ts'
import type { Volume } from '../../engine/api/volume.ts'
import { containerListing, containerRows } from '../../engine/cli/output/container-list.ts'
import { usageListing, usageRows } from '../../engine/cli/output/disk-usage.ts'
import { historyListing, historyRows } from '../../engine/cli/output/history-list.ts'
import { imageListing, imageRows } from '../../engine/cli/output/image-list.ts'
import { plainLine } from '../../engine/cli/output/progress.ts'
import { formatRows } from '../../engine/cli/output/rows.ts'
import { searchListing, searchRows } from '../../engine/cli/output/search-list.ts'

const hasDocker = execaSync('docker', ['--version'], { reject: false }).exitCode === 0

/** By path without the version: what the daemon says. */
const answers = new Map<string, unknown>()
let directory: string
let server: Server

async function docker(...args: string[]) {
  const { stdout, stderr, exitCode } = await execa('docker', args, {
    reject: false,
    stripFinalNewline: false,
    env: { DOCKER_HOST: `unix://${join(directory, 'socket')}`, DOCKER_CONFIG: directory, TZ: 'UTC' },
  })
  return { stdout, stderr, exitCode }
}

/**
 * What Docker's client says and what we say, at one and the same time: an age counts in seconds at first, and one
 * may have passed while the client worked. Then it is asked again.
 */
async function both(args: readonly string[], say: () => string) {
  for (;;) {
    const ours = say()
    const theirs = await docker(...args)
    if (say() === ours) return { ours, theirs }
  }
}

const hour = 3600
const now = Math.floor(Date.now() / 1000)
const id = (letter: string): string => `sha256:${letter.repeat(64)}`

function image(letter: string, fields: Partial<ImageSummary>): ImageSummary {
  const empty = { ParentId: '', RepoTags: [], RepoDigests: [], Labels: {} }
  return { Id: id(letter), ...empty, Created: now, Size: 0, SharedSize: -1, Containers: -1, ...fields }
}

const images: ImageSummary[] = [
  image('a', {
    RepoTags: ['busybox:latest', 'localhost:5000/deep/busybox:1.36'],
    RepoDigests: [`busybox@${id('1')}`, `busybox@${id('2')}`],
    Created: now - 40,
    Size: 4_261_574,
  }),
  image('b', { RepoDigests: [`debian@${id('3')}`], Created: now - 3 * hour, Size: 117_000_000 }),
  image('c', { Created: now - 40 * 24 * hour, Size: 999, SharedSize: 99 }),
  image('d', {
    RepoTags: ['a-very-long-name/with-parts:and-a-tag'],
    Created: now - 800 * 24 * hour,
    Size: 0,
  }),
]

const history: HistoryResponseItem[] = [
  {
    Id: id('a'),
    Created: now - 3 * hour,
    CreatedBy: `/bin/sh -c echo\t${'a long command '.repeat(9)}`,
    Tags: ['x:latest'],
    Size: 1_234_567,
    Comment: 'a comment',
  },
  { Id: '<missing>', Created: now - 50, CreatedBy: 'CMD ["sh"]', Tags: null, Size: 0, Comment: '' },
]

const containers: ContainerSummary[] = [
  {
    ...{ Id: 'e'.repeat(64), Names: ['/witty_hopper'], Image: 'busybox', ImageID: id('a') },
    ...{
      Command: "sh -c 'echo a very long command'",
      Created: now - 7200,
      SizeRw: 1234,
      SizeRootFs: 5_000_000,
    },
    ...{ State: 'exited', Status: 'Exited (0) 2 hours ago' },
  },
  {
    ...{ Id: 'f'.repeat(64), Names: ['/two'], Image: id('b'), ImageID: id('b'), Command: 'top' },
    ...{ Created: now - 60, State: 'running', Status: 'Up 50 seconds' },
    Ports: [
      { IP: '0.0.0.0', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' },
      { IP: '::', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' },
      ...[7000, 7001, 7002, 7004].map((port) => ({ PrivatePort: port, Type: 'tcp' })),
      ...[9001, 9000].map((port) => ({ IP: '::1', PrivatePort: port, PublicPort: port, Type: 'udp' })),
      { PrivatePort: 7001, Type: 'udp' },
    ],
    Labels: { b: '2', a: '1' },
    NetworkSettings: { Networks: { bridge: {} } },
    Mounts: [
      {
        ...{ Type: 'volume', Name: 'a-volume-of-a-long-name', Source: '/v/_data', Destination: '/v' },
        ...{ Driver: 'local', Mode: '', RW: true, Propagation: '' },
      },
      { Type: 'bind', Source: '/srv', Destination: '/srv', Mode: '', RW: true, Propagation: 'rprivate' },
    ],
  },
]

const found: SearchResult[] = [
  {
    ...{ name: 'busybox', star_count: 3300, is_official: true, is_automated: false },
    description: 'Busybox base image.\nWith a second line that makes it far too long for the table',
  },
  { name: 'me/busybox', description: '', star_count: 0, is_official: false, is_automated: false },
]

function formatOf(args: readonly string[]): string | undefined {
  const at = args.indexOf('--format')
  return at < 0 ? undefined : args[at + 1]
}

/** Their names of one image come in no order, and their JSON escapes what HTML would take for its own. */
function comparable(text: string): string[] {
  return text.replaceAll(String.raw`\u003c`, '<').replaceAll(String.raw`\u003e`, '>').split('\n').toSorted()
}

describe.runIf(hasDocker)('beside Docker’s own client', () => {
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'lc-client-'))
    server = createServer((request, response) => {
      const path = (request.url ?? '').replace(/^\/v[\d.]+/, '').replace(/\?.*/, '')
      const answer = path === '/_ping' ? 'OK' : answers.get(path)
      response.setHeader('Api-Version', '1.47')
      response.setHeader('Content-Type', path === '/_ping' ? 'text/plain' : 'application/json')
      response.statusCode = answer === undefined ? 404 : 200
      response.end(typeof answer === 'string' ? answer : JSON.stringify(answer ?? { message: `no ${path}` }))
    })
    await new Promise<void>((resolve) => server.listen(join(directory, 'socket'), resolve))
  })
  afterAll(async () => {
    server.close()
    await rm(directory, { recursive: true, force: true })
  })

  test.each([
    [[]],
    [['--no-trunc']],
    [['--digests']],
    [['-q']],
    [['--format', 'json']],
    [['--format', '{{.Repository}}:{{.Tag}} {{upper .Size}} {{json .}}']],
    [['--format', String.raw`table {{.ID}}\t{{.CreatedSince}}\t{{lower .Repository}}`]],
    [['--format', String.raw`{{.ID}}\t{{.Containers}}\n`]],
    [['--format', '{{if eq .Tag "latest"}}newest{{else if .Tag}}{{printf "%-8s|" .Tag}}{{end}}']],
    [
      [
        '--format',
        '{{range split .Repository "/"}}[{{.}}]{{end}}{{len .ID}} {{slice .ID 0 4}} {{pad .Tag 1 2}}.',
      ],
    ],
  ])('images %j', async (args: string[]) => {
    answers.set('/images/json', images)
    const digests = args.includes('--digests')
    const format = formatOf(args)
    const rows = () => imageRows(images, { noTrunc: args.includes('--no-trunc'), digests })
    const { ours, theirs } = await both(['images', ...args], () =>
      formatRows(imageListing(digests), rows(), { format, quiet: args.includes('-q') }),
    )
    expect(theirs).toMatchObject({ exitCode: 0, stderr: '' })
    expect(comparable(ours)).toEqual(comparable(theirs.stdout))
  })

  test.each([
    [[]],
    [['--no-trunc']],
    [['--human=false']],
    [['-q']],
    [['--format', '{{.ID}} {{.CreatedAt}} {{.Size}}']],
    [['--format', 'json']],
  ])('history %j', async (args: string[]) => {
    answers.set('/images/x/history', history)
    const human = !args.includes('--human=false')
    const rows = () => historyRows(history, { noTrunc: args.includes('--no-trunc'), human })
    const { ours, theirs } = await both(['history', ...args, 'x'], () =>
      formatRows(historyListing(human), rows(), { format: formatOf(args), quiet: args.includes('-q') }),
    )
    expect(theirs).toMatchObject({ exitCode: 0, stderr: '' })
    expect(comparable(ours)).toEqual(comparable(theirs.stdout))
  })

  test.each([
    [['-a']],
    [['-a', '--no-trunc']],
    [['-aq']],
    [['-as']],
    [['-a', '--format', '{{.Names}} {{.Ports}} {{.Mounts}} {{.LocalVolumes}} {{.Networks}}']],
    [['-a', '--format', String.raw`table {{.Mounts}}\t{{.LocalVolumes}}\t{{.Networks}}\t{{.Ports}}`]],
    [['-a', '--no-trunc', '--format', '{{.Mounts}}']],
  ])('ps %j', async (args: string[]) => {
    answers.set('/containers/json', containers)
    const rows = () => containerRows(containers, { noTrunc: args.includes('--no-trunc') })
    const { ours, theirs } = await both(['ps', ...args], () =>
      formatRows(containerListing(args.includes('-as')), rows(), {
        format: formatOf(args),
        quiet: args.includes('-aq'),
      }),
    )
    expect(theirs).toMatchObject({ exitCode: 0, stderr: '' })
    expect(ours).toBe(theirs.stdout)
  })

  test.each([[[]], [['--no-trunc']], [['--format', '{{.Name}} {{.StarCount}} {{.IsOfficial}}']]])(
    'search %j',
    async (args: string[]) => {
      answers.set('/images/search', found)
      const theirs = await docker('search', ...args, 'busybox')
      expect(theirs).toMatchObject({ exitCode: 0, stderr: '' })
      const rows = searchRows(found, args.includes('--no-trunc'))
      expect(formatRows(searchListing, rows, { format: formatOf(args) })).toBe(theirs.stdout)
    },
  )

  test('system df', async () => {
    const volume = (Name: string, Size: number, RefCount: number): Volume => ({
      ...{ Name, Driver: 'local', Mountpoint: '/', CreatedAt: '', Scope: 'local' },
      ...{ Labels: null, Options: null, UsageData: { Size, RefCount } },
    })
    const usage = {
      LayersSize: 121_262_573,
      Images: images.map((one) => ({ ...one, SharedSize: 0, Containers: one.Id === id('a') ? 1 : 0 })),
      Containers: containers.map((one) => ({ ...one, SizeRw: 1234 })),
      Volumes: [volume('one', 5000, 1), volume('two', 1500, 0)],
      BuildCache: [],
    }
    answers.set('/system/df', usage)
    const theirs = await docker('system', 'df')
    expect(theirs.exitCode).toBe(0)
    expect(formatRows(usageListing, usageRows(usage))).toBe(theirs.stdout)
  })

  test('what a pull says, in a pipe', async () => {
    const messages: ProgressMessage[] = [
      { id: 'latest', status: 'Pulling from library/busybox' },
      { id: '4fe2ade4980c', status: 'Pulling fs layer', progressDetail: { current: 0 } },
      { id: '4fe2ade4980c', status: 'Downloading', progressDetail: { current: 5, total: 10 } },
      { id: '4fe2ade4980c', status: 'Pull complete' },
      { status: `Digest: ${id('9')}` },
    ]
    answers.set('/images/create', messages.map((message) => `${JSON.stringify(message)}\n`).join(''))
    const theirs = await docker('pull', 'busybox')
    expect(theirs.exitCode).toBe(0)
    const ours = messages.map(plainLine).join('')
    expect(theirs.stdout).toBe(`Using default tag: latest\n${ours}docker.io/library/busybox:latest\n`)
  })
})
