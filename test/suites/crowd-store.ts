// What a crowd (crowd.ts) does with everything that containers stand on: images, layers,
// volumes, networks. Each of these is looked at, used and taken away at the same time.
//
// A few names for each kind, so that they meet: c0 … c9, i0 … i4, v0 … v2, n0 … n1.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as z from 'zod/mini'
import { type Crowd, chance, nameOf, pick, type Verb } from './crowd.ts'

/** It makes and deletes files all the while, so that who walks its tree meets some that vanish. */
const script =
  'trap "exit 0" TERM; while :; do i=0; ls -l /bin; while [ $i -lt 9 ]; do mkdir /tmp/d$i; echo x > /tmp/d$i/f; i=$((i+1)); done; rm -rf /tmp/d*; sleep 0.2; done'

const image = (): string => `i${chance(5)}`
const volume = (): string => `v${chance(3)}`
const network = (): string => `n${chance(2)}`
const pulled = (): string => pick(['busybox', image(), image()])

/** One file in one directory. */
function smallArchive(): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'lc-crowd-'))
  try {
    writeFileSync(join(directory, 'small'), 'file\n')
    return execFileSync('tar', ['-C', directory, '-c', 'small'])
  } finally {
    rmSync(directory, { recursive: true })
  }
}

export function storeVerbs(crowd: Crowd): readonly Verb[] {
  const archive = smallArchive()
  const container = (method: string, what: string) => () =>
    crowd.ask(method, `/containers/${nameOf()}${what}`)
  const label = 'changes=LABEL%20crowd=yes'
  const commit = () =>
    crowd.ask('POST', `/commit?container=${nameOf()}&repo=${image()}&pause=${chance(2)}&${label}`)
  /** Not so often that there is nothing left to meet. */
  const prune = (what: string) => async () =>
    chance(4) === 0 ? await crowd.ask('POST', `/${what}`) : undefined
  return [
    ...Array.from({ length: 8 }, () => () => create(crowd)),
    ...[...Array(8).fill('start'), 'kill', 'stop?t=0'].map((verb) => container('POST', `/${verb}`)),
    ...['changes', 'changes', 'json?size=1', 'json', 'export', 'archive?path=/bin', 'logs?stdout=1'].map(
      (what) => container('GET', `/${what}`),
    ),
    container('DELETE', '?force=1&v=1'),
    container('DELETE', '?force=1'),
    () => crowd.leave('GET', `/containers/${nameOf()}/export`),
    () => crowd.leave('GET', `/containers/${nameOf()}/logs?follow=1&stdout=1`),
    () => crowd.ask('PUT', `/containers/${nameOf()}/archive?path=/tmp`, archive),
    () => crowd.ask('GET', '/containers/json?all=1&size=1'),
    () => crowd.ask('GET', '/containers/json?all=1'),
    prune('containers/prune'),
    () => crowd.ask('GET', '/system/df'),
    () => crowd.ask('GET', '/info'),
    commit,
    commit,
    () => crowd.ask('POST', `/images/${pulled()}/tag?repo=${image()}`),
    () => crowd.ask('POST', `/images/create?fromSrc=-&repo=${image()}&${label}`, archive),
    () => load(crowd),
    ...['json', 'json?all=1&shared-size=1'].map((what) => () => crowd.ask('GET', `/images/${what}`)),
    ...['json', 'history', 'get'].map((what) => () => crowd.ask('GET', `/images/${pulled()}/${what}`)),
    ...['', '?force=1'].map((how) => () => crowd.ask('DELETE', `/images/${image()}${how}`)),
    prune('images/prune'),
    prune('images/prune?filters={"dangling":["false"],"label":["crowd=yes"]}'),
    () => crowd.ask('POST', '/volumes/create', { Name: volume() }),
    () => crowd.ask('GET', '/volumes'),
    () => crowd.ask('DELETE', `/volumes/${volume()}`),
    prune('volumes/prune?filters={"all":["true"]}'),
    ...Array.from({ length: 3 }, () => () => crowd.ask('POST', '/networks/create', { Name: network() })),
    () => crowd.ask('GET', '/networks'),
    ...['', '/explain'].map((what) => () => crowd.ask('GET', `/networks/${network()}${what}`)),
    () => crowd.ask('DELETE', `/networks/${network()}`),
    prune('networks/prune'),
    ...['connect', 'disconnect'].map(
      (verb) => () => crowd.ask('POST', `/networks/${network()}/${verb}`, { Container: nameOf() }),
    ),
  ]
}

function create(crowd: Crowd): Promise<unknown> {
  const body = {
    Image: pulled(),
    Cmd: ['sh', '-c', script],
    Volumes: { '/anonymous': {} },
    Healthcheck: chance(4) === 0 ? { Test: ['CMD', 'true'], Interval: 200e6, Timeout: 1e9 } : {},
    HostConfig: {
      NetworkMode: pick(['none', network(), network(), `container:${nameOf()}`]),
      ...(chance(8) === 0 ? { PidMode: `container:${nameOf()}` } : {}),
      ...(chance(8) === 0 ? { IpcMode: pick(['shareable', `container:${nameOf()}`]) } : {}),
      Binds: [`${volume()}:/named`],
      ...(chance(8) === 0 ? { VolumesFrom: [nameOf()] } : {}),
      ...pick([{ AutoRemove: true }, { RestartPolicy: { Name: 'always' } }, {}, {}]),
      LogConfig: { Type: pick(['json-file', 'local']), Config: { 'max-size': '4k', 'max-file': '3' } },
      Runtime: pick(['tocker', 'tocker', 'runc']),
    },
  }
  return crowd.ask('POST', `/containers/create?name=${nameOf()}`, body)
}

/** What was saved a moment ago comes back. */
async function load(crowd: Crowd): Promise<void> {
  const { status, body } = await crowd.ask('GET', `/images/get?names=${image()}&names=busybox`)
  if (status === 200) await crowd.ask('POST', '/images/load', Buffer.from(body, 'latin1'))
}

const names = z.array(z.object({ Name: z.string() }))

/** All but what was there before: the image `busybox` and the networks that everybody has. */
export async function removeStores(crowd: Crowd): Promise<void> {
  await crowd.removeAll()
  for (let one = 0; one < 5; one++) await crowd.ask('DELETE', `/images/i${one}?force=1`)
  await crowd.ask('POST', '/images/prune')
  await crowd.ask('POST', '/volumes/prune?filters={"all":["true"]}')
  for (let one = 0; one < 2; one++) await crowd.ask('DELETE', `/networks/n${one}`)
  const { body } = await crowd.ask('GET', '/networks')
  for (const { Name } of names.parse(JSON.parse(body)))
    if (/^n\d$/.test(Name)) crowd.mistakes.push(`it cannot be removed: ${Name}`)
}
