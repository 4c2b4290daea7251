// Docker's `local`: the same records, smaller, in a format of Docker's own.
//
//   length  | LogEntry, a protocol buffer            | length
//   32 bits | source, time_nano, line, partial, …    | the same again
//   big-endian
//
// The length at both ends lets a reader go backwards, as `--tail` wants. Bytes are
// bytes here. Rotated files are compressed, 5 of 20 MB.
//
//   message LogEntry {                     message PartialLogEntryMetadata {
//     string source = 1;                     bool last = 1;
//     int64 time_nano = 2;                   string id = 2;
//     bytes line = 3;                        int32 ordinal = 3;
//     bool partial = 4;                    }
//     PartialLogEntryMetadata partial_log_metadata = 5;
//   }
//
// https://protobuf.dev/programming-guides/encoding/ — a field is a number and a wire
// type in one varint, then a varint (type 0), or a length and bytes (type 2).
import { Bytes } from './bytes.ts'
import type { LogCodec, RandomRead } from './codec.ts'
import type { LogRecord } from './driver.ts'

/** No record is longer; what says so is no record. */
const longestRecord = 1024 * 1024

export const local: LogCodec = {
  encode(record, to) {
    const begin = to.length
    to.add(noLength)
    addEntry(record, to)
    const length = to.length - begin - 4
    const { buffer } = to.room(4)
    buffer.writeUInt32BE(length, begin)
    buffer.writeUInt32BE(length, to.length)
    to.took(4)
  },
  decoder() {
    let rest: Buffer = Buffer.alloc(0)
    return (chunk) => {
      const all = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      const records: LogRecord[] = []
      let at = 0
      for (;;) {
        const length = lengthAt(all, at)
        if (length === undefined || at + 8 + length > all.length) break
        const record = decodeEntry(all.subarray(at + 4, at + 4 + length))
        if (record) records.push(record)
        at += 8 + length
      }
      rest = Buffer.from(all.subarray(at))
      return records
    }
  },
  tail(file, size, count) {
    const word = Buffer.alloc(4)
    let offset = size
    let found = 0
    while (found < count && offset >= 8) {
      file(word, offset - 4)
      const length = word.readUInt32BE()
      if (length > longestRecord || offset - 8 - length < 0) break
      offset -= 8 + length
      found++
    }
    return { offset, found }
  },
  whole: (file, size) => wholeRecords(file, size),
}

/** Undefined when it has not come whole. @throws RangeError for what no writer of this format wrote */
function lengthAt(buffer: Buffer, at: number): number | undefined {
  if (at + 4 > buffer.length) return undefined
  const length = buffer.readUInt32BE(at)
  if (length > longestRecord) throw new RangeError(`the log is damaged: a record of ${length} bytes`)
  return length
}

/** From the front: where the end is torn, nothing else tells where a record begins. */
function wholeRecords(file: RandomRead, size: number): number {
  const word = Buffer.alloc(4)
  let at = 0
  while (at + 8 <= size) {
    file(word, at)
    const length = word.readUInt32BE()
    if (length > longestRecord || at + 8 + length > size) break
    at += 8 + length
  }
  return at
}

/** Its place; it is known later. */
const noLength = Buffer.alloc(4)

/** Field 1, source. */
const sources = {
  stdout: Buffer.from([0x0a, 6, ...Buffer.from('stdout')]),
  stderr: Buffer.from([0x0a, 6, ...Buffer.from('stderr')]),
}

/** Field 2. The records of one read(2) have the same. */
let lastTime = { time: -1n, field: Buffer.alloc(0) }

function timeField(time: bigint): Buffer {
  if (time === lastTime.time) return lastTime.field
  const bytes = [0x10]
  let rest = time
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  bytes.push(Number(rest))
  lastTime = { time, field: Buffer.from(bytes) }
  return lastTime.field
}

function addEntry({ stream, time, line, partial }: LogRecord, to: Bytes): void {
  to.add(sources[stream])
  to.add(timeField(time))
  addBytes(3, line, to)
  if (partial === undefined) return
  const { id, ordinal, last } = partial
  if (!last) to.add(Buffer.from([0x20, 1]))
  const metadata = new Bytes(64)
  if (last) metadata.add(Buffer.from([0x08, 1]))
  addBytes(2, Buffer.from(id), metadata)
  metadata.add(Buffer.from([0x18]))
  metadata.addVarint(ordinal)
  addBytes(5, metadata.whole, to)
}

function addBytes(field: number, value: Uint8Array, to: Bytes): void {
  to.addVarint((field << 3) | 2)
  to.addVarint(value.length)
  to.add(value)
}

/** Fields by number; the last of a number counts. Undefined for what is none. */
function fieldsOf(buffer: Buffer): Map<number, bigint | Buffer> | undefined {
  const fields = new Map<number, bigint | Buffer>()
  let at = 0
  const next = (): bigint => {
    let value = 0n
    for (let shift = 0n; at < buffer.length && shift < 70n; shift += 7n) {
      const byte = buffer[at++] ?? 0
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    return value
  }
  while (at < buffer.length) {
    const key = Number(next())
    if ((key & 7) === 0) fields.set(key >> 3, next())
    else if ((key & 7) === 2) {
      const length = Number(next())
      fields.set(key >> 3, buffer.subarray(at, at + length))
      at += length
    } else return undefined
  }
  return fields
}

function decodeEntry(buffer: Buffer): LogRecord | undefined {
  const fields = fieldsOf(buffer)
  const stream = String(fields?.get(1) ?? '')
  const time = fields?.get(2)
  const line = fields?.get(3) ?? Buffer.alloc(0)
  if ((stream !== 'stdout' && stream !== 'stderr') || typeof time !== 'bigint' || typeof line === 'bigint')
    return undefined
  const metadata = fields?.get(5)
  const partial = metadata instanceof Buffer ? fieldsOf(metadata) : undefined
  if (partial === undefined) return { stream, time, line }
  const last = partial.get(1) === 1n
  return {
    stream,
    time,
    line,
    partial: { id: String(partial.get(2)), ordinal: Number(partial.get(3)), last },
  }
}
