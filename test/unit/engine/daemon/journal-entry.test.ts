// Entries of the journal, there and back.
import { closeSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { LogConfig, LogRecord } from '../../../../engine/daemon/logs/driver.ts'
import {
  encodeEntry,
  entryDecoder,
  fieldName,
  fixedFields,
  lineFields,
  recordOf,
} from '../../../../engine/daemon/logs/journal-entry.ts'
import { openJournald } from '../../../../engine/daemon/logs/journald.ts'
import { bindUnixDatagram, receiveNow } from '../../../../engine/syscalls/socket.ts'

const config: LogConfig = {
  driver: 'journald',
  options: { labels: 'a.b' },
  path: '',
  info: {
    ...{ id: '0123456789abcdef', name: '/web', image: 'nginx:1', imageId: 'sha256:fe', command: 'nginx' },
    ...{ env: [], labels: { 'a.b': 'two\nlines' } },
  },
}
const record: LogRecord = {
  ...{ stream: 'stderr', time: 1_767_225_600_123_456_789n, line: Buffer.from('x=\n\u0000y') },
  partial: { id: 'p', ordinal: 2, last: false },
}
const entry = encodeEntry([...lineFields(record, 1), ...fixedFields(config, 'e')])

test('what was written comes back, however it is cut', () => {
  const exported = Buffer.concat([
    entry,
    Buffer.from('\n'),
    encodeEntry([['MESSAGE', '']]),
    Buffer.from('\n'),
  ])
  for (const size of [1, 2, 7, 64, exported.length]) {
    const decode = entryDecoder()
    const entries = []
    for (let at = 0; at < exported.length; at += size)
      entries.push(...decode(exported.subarray(at, at + size)))
    expect(entries).toHaveLength(2)
    expect(entries.map(recordOf)).toEqual([
      { ...record, attributes: { A_B: 'two\nlines' } },
      { stream: 'stdout', time: 0n, line: Buffer.alloc(0) },
    ])
    expect(entries[0]?.get('CONTAINER_NAME')?.toString()).toBe('web')
    expect(entries[0]?.get('CONTAINER_PARTIAL_MESSAGE')?.toString()).toBe('true')
  }
})

test('an entry without a message is no line', () => {
  expect(recordOf(new Map([['PRIORITY', Buffer.from('6')]]))).toBeUndefined()
})

test.each([
  ['com.example.one', 'COM_EXAMPLE_ONE'],
  ['__x', 'X'],
  ['Ä9', '9'],
])('%s is the field %s', (label, field) => {
  expect(fieldName(label)).toBe(field)
})

test('each line is a datagram, also to a journal that has begun anew', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'lc-journal-'))
  const path = join(directory, 'socket')
  try {
    expect(() => openJournald(config, path)).toThrow('journald is not enabled on this host')
    const first = bindUnixDatagram(path)
    const log = openJournald(config, path)
    await log.write([record, record])
    expect(Buffer.from(receiveNow(first) ?? []).toString()).toContain('CONTAINER_LOG_ORDINAL=1\n')
    expect(Buffer.from(receiveNow(first) ?? []).toString()).toContain('CONTAINER_LOG_ORDINAL=2\n')
    closeSync(first)
    rmSync(path)
    const waits = log.write([record])
    const second = bindUnixDatagram(path)
    await waits
    expect(Buffer.from(receiveNow(second) ?? []).toString()).toContain('CONTAINER_LOG_ORDINAL=3\n')
    await log.close()
    closeSync(second)
  } finally {
    rmSync(directory, { recursive: true })
  }
})
