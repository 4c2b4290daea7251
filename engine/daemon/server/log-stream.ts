// Log records as `docker logs` wants them: framed by stream, or raw for a terminal; with
// times, and without what was not asked for.
import type { Writable } from 'node:stream'
import { frame, type StreamName } from './frame.ts'

export interface LogLine {
  stream: 'stdout' | 'stderr'
  time: bigint
  line: Buffer
  /** A piece of a longer line; the newline comes after the last. */
  partial?: { ordinal: number; last: boolean }
  attributes?: Record<string, string>
}

export interface LogFormat {
  stdout: boolean
  stderr: boolean
  timestamps: boolean
  /** With the attributes, in front of each line. */
  details: boolean
  /** The container has a terminal: one stream, no frames. */
  raw: boolean
}

/** Until there are no more, or the reader is gone. */
export async function writeLog(
  out: Writable,
  records: AsyncIterable<readonly LogLine[]>,
  format: LogFormat,
): Promise<void> {
  for await (const some of records) {
    const pieces = some.filter(({ stream }) => format[stream]).map((one) => encode(one, format))
    if (pieces.length === 0) continue
    if (!out.write(Buffer.concat(pieces))) await room(out)
    if (out.destroyed) return
  }
}

/** Until there is room for more, or nobody to read it: then `destroyed` says so. It fails by nothing. */
function room(out: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      for (const event of ['drain', 'close', 'error']) out.off(event, done)
      resolve()
    }
    for (const event of ['drain', 'close', 'error']) out.on(event, done)
    if (out.destroyed) done()
  })
}

function encode(record: LogLine, { timestamps, details, raw }: LogFormat): Buffer {
  const { stream, time, line, partial } = record
  const begins = partial === undefined || partial.ordinal === 1
  const ends = partial === undefined || partial.last
  const parts = [
    ...(timestamps && begins ? [Buffer.from(`${spellTime(time)} `)] : []),
    ...(details && begins ? [Buffer.from(`${spellAttributes(record.attributes)} `)] : []),
    line,
    ...(ends ? [Buffer.from('\n')] : []),
  ]
  const bytes = Buffer.concat(parts)
  const name: StreamName = stream
  return raw ? bytes : frame(name, bytes)
}

/** `a=1,b=2`, in the order of their names; as in a URL, so that nobody's comma is taken for ours. */
function spellAttributes(attributes: Record<string, string> = {}): string {
  return Object.entries(attributes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map((pair) => pair.map(queryEscape).join('='))
    .join(',')
}

/** Go's url.QueryEscape. */
function queryEscape(text: string): string {
  return encodeURIComponent(text)
    .replace(/%20/g, '+')
    .replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** RFC 3339 with nine digits, as Docker has it. */
function spellTime(nano: bigint): string {
  const seconds = nano / 1_000_000_000n
  const rest = nano % 1_000_000_000n
  return new Date(Number(seconds) * 1000)
    .toISOString()
    .replace(/\.\d+Z$/, `.${String(rest).padStart(9, '0')}Z`)
}
