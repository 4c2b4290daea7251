// A DNS message as bytes (RFC 1035, section 4), read with suspicion and written by the book.
//
//   ┌──────────┬──────────┬─────────┬───────────┬────────────┐
//   │ header   │ question │ answers │ authority │ additional │   EDNS (RFC 6891) lives in
//   │ 12 bytes │          │         │           │ (OPT)      │   the last one
//   └──────────┴──────────┴─────────┴───────────┴────────────┘
//
// dns-packet reads and writes records. What it must not decide is done here: how much of
// a stranger's message is worth reading, and that the question goes back byte by byte as
// it came, since clients compare it (some write it in mIxEd case, to tell forgers apart).
//
// Called by answer.ts and forward.ts; tcp.ts has the framing of TCP.
import { type Answer, decode, encode, type OptAnswer } from 'dns-packet'

/** RFC 1035, 4.1.1; BADVERS is of RFC 6891 and needs an OPT record for its upper bits. */
export const rcodes = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NOTIMP: 4, REFUSED: 5, BADVERS: 16 } as const
export type Rcode = keyof typeof rcodes

export interface Query {
  id: number
  /** As they came: opcode, RD, CD. */
  flags: number
  opcode: string
  /** The whole section in bytes: name, type, class. */
  question: Uint8Array
  /** With dots between its labels, and as it was written; undefined when no string can say it. */
  name: string | undefined
  /** `A`, `TXT`, `ANY`, `UNKNOWN_65` … */
  type: string
  class: string
  /** What it said about EDNS, if it did. */
  edns: { payloadSize: number; version: number; dnssecOk: boolean } | undefined
}

/** @returns the query; or what is wrong with it and may be told; undefined for what deserves no answer */
export function readQuery(packet: Buffer): Query | { refuse: Rcode; packet: Buffer } | undefined {
  // An answer to an answer would go round for ever between two servers.
  if (packet.length < 12 || isResponse(packet)) return undefined
  const end = questionEnd(packet)
  const more = packet.readUInt16BE(6) + packet.readUInt16BE(8) + packet.readUInt16BE(10)
  // One question, as everybody asks; and of the rest no more than OPT, TSIG and the like:
  // counts are promises of a stranger, and decoding follows them.
  if (end === undefined || packet.readUInt16BE(4) !== 1 || more > 8) return formerr(packet)
  const decoded = decoding(packet)
  const asked = decoded?.questions?.[0]
  const options = (decoded?.additionals ?? []).filter((one) => one.type === 'OPT')
  if (decoded === undefined || asked === undefined || options.length > 1) return formerr(packet)
  const question = packet.subarray(12, end)
  return {
    ...{ id: packet.readUInt16BE(0), flags: packet.readUInt16BE(2) },
    ...{ opcode: decoded.opcode, question, type: asked.type, class: asked.class ?? 'IN' },
    name: saysTheSame(asked.name, question) ? asked.name : undefined,
    edns: options[0] && ednsOf(options[0]),
  }
}

export function isResponse(packet: Buffer): boolean {
  return (packet[2] ?? 0) >= 0x80
}

/** Where the first question ends; undefined when it does not. A pointer has no business there: there is nothing before it. */
export function questionEnd(packet: Uint8Array): number | undefined {
  let at = 12
  for (let length = packet[at]; length !== 0; length = packet[at]) {
    if (length === undefined || length > 63 || at > 12 + 254) return undefined
    at += length + 1
  }
  const end = at + 1 + 4
  return end <= packet.length ? end : undefined
}

function decoding(packet: Buffer) {
  try {
    return Object.assign({ opcode: '' }, decode(packet))
  } catch {
    return undefined
  }
}

/** A label may hold any byte, a dot as well; then the string of labels is ambiguous, or something else. */
function saysTheSame(name: string, question: Uint8Array): boolean {
  const labels = name === '.' ? [] : name.split('.')
  const bytes = Buffer.concat([
    ...labels.map((label) => Buffer.from(`${String.fromCharCode(Buffer.byteLength(label))}${label}`)),
    Buffer.of(0),
  ])
  return bytes.equals(question.subarray(0, -4))
}

function ednsOf({ udpPayloadSize, ednsVersion, flag_do }: OptAnswer): Query['edns'] {
  return { payloadSize: udpPayloadSize, version: ednsVersion, dnssecOk: flag_do }
}

function formerr(packet: Buffer): { refuse: Rcode; packet: Buffer } {
  const header = Buffer.alloc(12)
  packet.copy(header, 0, 0, 4)
  header.writeUInt16BE(RESPONSE | (packet.readUInt16BE(2) & KEPT) | rcodes.FORMERR, 2)
  return { refuse: 'FORMERR', packet: header }
}

const RESPONSE = 0x8000
const TRUNCATED = 0x0200
const RECURSION_AVAILABLE = 0x0080
/** What an answer repeats of its query: the opcode, RD (recursion desired), CD (checking disabled). */
const KEPT = 0x7910

/** The most that we say we take: what passes every link without fragments, as agreed on DNS flag day 2020. */
const payloadSize = 1232

/** @param limit bytes; answers that do not fit stay out, and TC says so */
export function writeReply(query: Query, rcode: Rcode, answers: readonly Answer[], limit: number): Buffer {
  const additionals: Answer[] = query.edns === undefined ? [] : [optOf(rcode, query.edns)]
  const base = 12 + query.question.length + sizeOf(additionals)
  let [size, fit] = [base, 0]
  for (const answer of answers) {
    size += sizeOf([answer])
    if (size > limit) break
    fit++
  }
  const flags = (query.flags & KEPT) | RECURSION_AVAILABLE | (fit < answers.length ? TRUNCATED : 0)
  const body = encode({
    ...{ type: 'response', id: query.id, flags: flags | (rcodes[rcode] & 15) },
    ...{ answers: answers.slice(0, fit), additionals },
  })
  body.writeUInt16BE(1, 4)
  return Buffer.concat([body.subarray(0, 12), query.question, body.subarray(12)])
}

function sizeOf(records: Answer[]): number {
  return encode({ answers: records }).length - 12
}

function optOf(rcode: Rcode, { dnssecOk }: NonNullable<Query['edns']>): Answer {
  return {
    ...{ type: 'OPT', name: '.', udpPayloadSize: payloadSize, ednsVersion: 0, options: [] },
    ...{ extendedRcode: rcodes[rcode] >> 4, flags: dnssecOk ? 0x8000 : 0, flag_do: dnssecOk },
  }
}

/** How much a client takes by UDP: 512 bytes, unless it says otherwise. */
export function udpLimit({ edns }: Query): number {
  return Math.max(512, Math.min(edns?.payloadSize ?? 512, 65_507))
}
