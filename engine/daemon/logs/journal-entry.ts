// An entry of systemd's journal, as its native protocol has it on the way in, and `journalctl
// -o export` on the way out. Pure.
//
//   PRIORITY=6⏎                       a field whose value has no newline
//   MESSAGE⏎ <8 bytes: length> …⏎     any other: the length says where it ends
//   ⏎                                 the end of the entry, on the way out only
//
// Source: systemd.io/JOURNAL_NATIVE_PROTOCOL, systemd.io/JOURNAL_EXPORT_FORMATS.
// Next: engine/daemon/logs/journald.ts

import { formatTime, parseTime } from './clock.ts'
import type { LogConfig, LogRecord, LogStream } from './driver.ts'
import { attributesOf, fillTag } from './options.ts'

export type Field = readonly [name: string, value: string | Buffer]

const newline = 10

export function encodeEntry(fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([name, value]) => {
      const bytes = Buffer.from(value)
      if (!bytes.includes(newline)) return [Buffer.from(`${name}=`), bytes, Buffer.from('\n')]
      const length = Buffer.alloc(8)
      length.writeBigUInt64LE(BigInt(bytes.length))
      return [Buffer.from(`${name}\n`), length, bytes, Buffer.from('\n')]
    }),
  )
}

export type Entry = Map<string, Buffer>

/** @returns what takes what was read, and returns the entries that are complete */
export function entryDecoder(): (chunk: Buffer) => Entry[] {
  let rest = Buffer.alloc(0)
  let entry: Entry = new Map()
  return (chunk) => {
    const all = Buffer.concat([rest, chunk])
    const entries: Entry[] = []
    let at = 0
    for (;;) {
      const end = all.indexOf(newline, at)
      if (end < 0) break
      const line = all.subarray(at, end)
      const equals = line.indexOf('=')
      if (line.length === 0) {
        if (entry.size > 0) entries.push(entry)
        entry = new Map()
        at = end + 1
      } else if (equals >= 0) {
        entry.set(line.toString('utf8', 0, equals), line.subarray(equals + 1))
        at = end + 1
      } else {
        const from = end + 1 + 8
        if (all.length < from) break
        const to = from + Number(all.readBigUInt64LE(end + 1))
        if (all.length <= to) break
        entry.set(line.toString(), all.subarray(from, to))
        at = to + 1
      }
    }
    // A copy: what is left must not keep the memory of what was read.
    rest = Buffer.from(all.subarray(at))
    return entries
  }
}

const priorities = { stdout: '6', stderr: '3' } as const satisfies Record<LogStream, string>

/** Those that every line of a container has, as Docker names them. @param epoch of this writer: its lines are counted anew */
export function fixedFields({ options, info }: Pick<LogConfig, 'options' | 'info'>, epoch: string): Field[] {
  const tag = fillTag(options.tag || '{{.ID}}', info)
  const { tag: _, ...attributes } = attributesOf(options, info)
  return [
    ['CONTAINER_ID', info.id.slice(0, 12)],
    ['CONTAINER_ID_FULL', info.id],
    ['CONTAINER_NAME', info.name.replace(/^\//, '')],
    ['CONTAINER_TAG', tag],
    ['IMAGE_NAME', info.image],
    ['SYSLOG_IDENTIFIER', tag],
    ['CONTAINER_LOG_EPOCH', epoch],
    ...Object.entries(attributes).map(([name, value]): Field => [fieldName(name), value]),
  ]
}

/** @param ordinal of the line, from 1 */
export function lineFields({ stream, time, line, partial }: LogRecord, ordinal: number): Field[] {
  return [
    ['MESSAGE', line],
    ['PRIORITY', priorities[stream]],
    ['SYSLOG_TIMESTAMP', formatTime(time)],
    ['CONTAINER_LOG_ORDINAL', String(ordinal)],
    ...(partial === undefined
      ? []
      : ([
          ['CONTAINER_PARTIAL_ID', partial.id],
          ['CONTAINER_PARTIAL_ORDINAL', String(partial.ordinal)],
          ['CONTAINER_PARTIAL_LAST', String(partial.last)],
          ...(partial.last ? [] : [['CONTAINER_PARTIAL_MESSAGE', 'true'] as const]),
        ] as const)),
  ]
}

/** Capitals, digits and underscores, none of them in front: the journal drops a field of any other name. */
export function fieldName(text: string): string {
  return text
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, '_')
    .replace(/^_+/, '')
}

/** Ours, and those that everybody's entries have: what else there is, labels and environment brought. */
const known =
  /^(_.*|MESSAGE|MESSAGE_ID|PRIORITY|CODE_.*|ERRNO|SYSLOG_.*|IMAGE_NAME|CONTAINER_(ID|ID_FULL|NAME|TAG|LOG_EPOCH|LOG_ORDINAL|PARTIAL_.*))$/

/** @returns undefined for one without a message */
export function recordOf(entry: Entry): LogRecord | undefined {
  const line = entry.get('MESSAGE')
  if (line === undefined) return undefined
  const text = (name: string): string => entry.get(name)?.toString() ?? ''
  const attributes = Object.fromEntries(
    [...entry].flatMap(([name, value]) => (known.test(name) ? [] : [[name, value.toString()]])),
  )
  const id = text('CONTAINER_PARTIAL_ID')
  return {
    stream: text('PRIORITY') === priorities.stderr ? 'stderr' : 'stdout',
    // When it was written; the journal's own is of when it came there.
    time: parseTime(text('SYSLOG_TIMESTAMP')) ?? BigInt(text('__REALTIME_TIMESTAMP') || '0') * 1000n,
    line,
    ...(id === ''
      ? {}
      : {
          partial: {
            id,
            ordinal: Number(text('CONTAINER_PARTIAL_ORDINAL')),
            last: text('CONTAINER_PARTIAL_LAST') === 'true',
          },
        }),
    ...(Object.keys(attributes).length === 0 ? {} : { attributes }),
  }
}
