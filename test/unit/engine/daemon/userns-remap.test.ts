// What `userns-remap` may say, and what /etc has to say to that.
import { expect, test } from 'vitest'
import { readRemap } from '../../../../engine/daemon/userns-remap.ts'

const etc: Record<string, string> = {
  '/etc/passwd':
    'root:x:0:0::/:/bin/sh\nalice:x:1000:1000::/:/bin/sh\nbob:x:1001:100::/:/bin/sh\nsmall:x:5:5::/:\nodd:x:6:6::/:\nnone:x:7:7::/:\n',
  '/etc/group': 'root:x:0:\nalice:x:1000:\nusers:x:100:\nsmall:x:5:\nodd:x:6:\nnone:x:7:\n',
  '/etc/subuid': 'alice:100000:65536\n1001:200000:1000\nbob:300000:70000\nsmall:400000:65535\nodd:0:65536\n',
  '/etc/subgid': 'alice:500000:65536\nbob:600000:65536\nsmall:1:65536\nodd:1:65536\n',
}
const read = (text: string, more: Record<string, string> = {}) =>
  readRemap(text, (path) => more[path] ?? etc[path] ?? '')

test.each([
  ['alice', { uid: 100_000, gid: 500_000 }],
  ['1000', { uid: 100_000, gid: 500_000 }],
  ['alice:users', { uid: 100_000, gid: 500_000 }],
  ['1000:100', { uid: 100_000, gid: 500_000 }],
  ['bob:100', { uid: 200_000, gid: 600_000 }],
])('%s', (text, root) => {
  expect(read(text)?.root).toEqual(root)
})

test('several ranges are one after the other, and nobody says nothing', () => {
  expect(read('bob:users')?.uids).toEqual([
    { containerID: 0, hostID: 200_000, size: 1000 },
    { containerID: 1000, hostID: 300_000, size: 70_000 },
  ])
  expect(read('')).toBeUndefined()
})

test('a range that is there twice is one, and two that overlap are refused', () => {
  const twice = { '/etc/subuid': 'alice:100000:65536\nalice:100000:65536\n' }
  expect(read('alice', twice)?.uids).toHaveLength(1)
  const overlap = { '/etc/subuid': 'alice:100000:65536\n1000:165535:10\n' }
  expect(() => read('alice', overlap)).toThrow('the ranges of alice in /etc/subuid overlap, at 165535')
})

test('default is dockremap, and how to make it is told', () => {
  const range = 'dockremap:100000:65536\n'
  const made = {
    '/etc/passwd': 'dockremap:x:999:999::/:/bin/false\n',
    '/etc/group': 'dockremap:x:999:\n',
    ...{ '/etc/subuid': range, '/etc/subgid': range },
  }
  expect(read('default', made)?.root).toEqual({ uid: 100_000, gid: 100_000 })
  expect(() => read('default')).toThrow(
    /^userns-remap: "default": there is no user dockremap yet: useradd --system --user-group dockremap && echo dockremap:100000:65536 \| tee -a \/etc\/subuid \/etc\/subgid$/,
  )
})

test.each([
  ['nobody-here', 'there is no user nobody-here in /etc/passwd'],
  ['4711', 'there is no user 4711 in /etc/passwd'],
  ['bob', 'there is no group bob in /etc/group'],
  ['alice:nowhere', 'there is no group nowhere in /etc/group'],
  ['root', 'root would be itself'],
  ['0:0', 'root would be itself'],
  [':', 'it is "default", or a user'],
  ['alice:', 'it is "default", or a user'],
  ['a:b:c', 'it is "default", or a user'],
  ['none', '/etc/subuid has no range for none: add a line as none:100000:65536'],
  ['small', 'small has 65535 ids in /etc/subuid, and images need 65536'],
  ['odd', '"odd:0:65536" in /etc/subuid is no range'],
])('%s is refused: %s', (text, reason) => {
  expect(() => read(text)).toThrow(reason)
})

test.each(['alice:x:65536', 'alice:100000', 'alice:4294967295:65536', 'alice:100000:-1'])(
  '%s is no range',
  (line) => {
    expect(() => read('alice', { '/etc/subuid': line })).toThrow(`"${line}" in /etc/subuid is no range`)
  },
)
