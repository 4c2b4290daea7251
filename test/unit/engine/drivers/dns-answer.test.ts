// What the name server says, byte for byte, and that no bytes make it say nonsense.
import { decode, encode, type Packet, type RecordType } from 'dns-packet'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Reaction, react, type View } from '../../../../engine/drivers/network/dns/answer.ts'
import { readQuery, udpLimit } from '../../../../engine/drivers/network/dns/message.ts'

const many = Array.from({ length: 200 }, (_, index) => `10.1.${index >> 8}.${index & 255}`)
const known: Record<string, string[]> = {
  web: ['10.1.0.2', 'fd00::2'],
  old: ['10.1.0.3'],
  many,
  all: many.slice(0, 3),
}
const long = `${'x'.repeat(70)}.front`
const view: View = {
  addresses: (name) => known[name.toLowerCase()],
  pointer: (name) => ({ '2.0.1.10.in-addr.arpa': 'web.front', '3.0.1.10.in-addr.arpa': long })[name],
  ndotsSet: () => false,
}

function question(name: string, type: string, more: Packet = {}): Buffer {
  // dns-packet's types know fewer records than its code.
  return encode({
    type: 'query',
    id: 7,
    flags: 0x100,
    questions: [{ name, type: type as RecordType }],
    ...more,
  })
}

function edns(own: { udpPayloadSize?: number; ednsVersion?: number; flags?: number } = {}): Packet {
  const none = { extendedRcode: 0, ednsVersion: 0, flags: 0, flag_do: false, options: [] }
  return { additionals: [{ type: 'OPT', name: '.', udpPayloadSize: 1232, ...none, ...own }] }
}

function reply(packet: Buffer, to: View = view) {
  const reaction: Reaction = react(packet, to, udpLimit)
  if (reaction.do !== 'reply') return reaction.do
  const { rcode, answers = [], questions, ...rest } = Object.assign({ rcode: '' }, decode(reaction.packet))
  const data = answers.map((one) => ('data' in one ? one.data : ''))
  return { rcode, data, answers, questions, length: reaction.packet.length, bytes: reaction.packet, ...rest }
}

describe('an answer', () => {
  test('has the addresses of the family that was asked for', () => {
    expect(reply(question('web', 'A'))).toMatchObject({ rcode: 'NOERROR', data: ['10.1.0.2'] })
    expect(reply(question('web', 'AAAA'))).toMatchObject({ rcode: 'NOERROR', data: ['fd00::2'] })
    const both = reply(question('web', 'ANY'))
    expect(both).toMatchObject({ data: expect.arrayContaining(['10.1.0.2', 'fd00::2']) })
  })

  test('is like Docker’s: recursion available, not authoritative, ten minutes', () => {
    const answer = reply(question('web', 'A'))
    expect(answer).toMatchObject({ id: 7, flag_qr: true, flag_rd: true, flag_ra: true, flag_aa: false })
    expect(answer).toMatchObject({ answers: [{ ttl: 600, class: 'IN', name: 'web' }] })
  })

  test('keeps the case in which it was asked', () => {
    expect(reply(question('wEb', 'A'))).toMatchObject({
      questions: [{ name: 'wEb' }],
      answers: [{ name: 'wEb' }],
    })
  })

  test('is empty, and no error, for a family or a type that a known name does not have', () => {
    for (const type of ['AAAA', 'MX', 'TXT', 'SRV', 'HTTPS', 'NULL'])
      expect(reply(question('old', type))).toMatchObject({ rcode: 'NOERROR', data: [] })
  })

  test('names the owner of an address, unless no message can say the name', () => {
    expect(reply(question('2.0.1.10.in-addr.arpa', 'PTR'))).toMatchObject({ data: ['web.front'] })
    expect(reply(question('3.0.1.10.in-addr.arpa', 'PTR'))).toMatchObject({ rcode: 'NOERROR', data: [] })
    expect(reply(question('9.9.9.9.in-addr.arpa', 'PTR'))).toBe('forward')
  })

  test('comes in every order, so that each gets its share', () => {
    const first = new Set<unknown>()
    for (let tries = 0; tries < 200 && first.size < 3; tries++) {
      const answer = reply(question('all', 'A'))
      if (typeof answer === 'object') first.add(answer.data[0])
    }
    expect(first.size).toBe(3)
  })

  test('is for others to give when we do not know', () => {
    expect(reply(question('example.org', 'A'))).toBe('forward')
    expect(reply(question('unknown', 'A'))).toBe('forward')
    expect(reply(question('.', 'NS'))).toBe('forward')
    const chaos: Packet = { questions: [{ name: 'web', type: 'TXT', class: 'CH' }] }
    expect(reply(encode({ type: 'query', id: 7, ...chaos }))).toBe('forward')
  })

  test('with ndots: a name without a dot is not for the world', () => {
    const own = { ...view, ndotsSet: () => true }
    expect(reply(question('unknown', 'A'), own)).toMatchObject({ rcode: 'NOERROR', data: [] })
    expect(reply(question('unknown.', 'AAAA'), own)).toMatchObject({ rcode: 'NOERROR', data: [] })
    expect(reply(question('unknown', 'TXT'), own)).toBe('forward')
    expect(reply(question('example.org', 'A'), own)).toBe('forward')
  })
})

describe('what fits', () => {
  test('512 bytes without EDNS, and TC where that was too little', () => {
    const answer = reply(question('many', 'A'))
    expect(answer).toMatchObject({ rcode: 'NOERROR', flag_tc: true })
    if (typeof answer !== 'object') return
    expect(answer.length).toBeLessThanOrEqual(512)
    expect(answer.length).toBeGreaterThan(512 - 40)
    expect(new Set(answer.data).size).toBe(answer.data.length)
  })

  test('what EDNS says, with an OPT record in answer', () => {
    const answer = reply(question('many', 'A', edns({ udpPayloadSize: 8192, flags: 0x8000 })))
    expect(answer).toMatchObject({ flag_tc: false, additionals: [{ type: 'OPT', flag_do: true }] })
    if (typeof answer === 'object') expect(answer.data.length).toBe(200)
    const tiny = reply(question('many', 'A', edns({ udpPayloadSize: 1 })))
    if (typeof tiny === 'object') expect(tiny.length).toBeGreaterThan(400)
  })
})

describe('bad messages', () => {
  test('an answer, or less than a header, gets no answer', () => {
    expect(reply(encode({ type: 'response', id: 7, questions: [{ name: 'web', type: 'A' }] }))).toBe('ignore')
    for (const length of [0, 1, 11]) expect(reply(Buffer.alloc(length))).toBe('ignore')
  })

  test('what cannot be read, or asks two things at once, is FORMERR', () => {
    const two: Packet = {
      questions: [
        { name: 'web', type: 'A' },
        { name: 'old', type: 'A' },
      ],
    }
    const opts = [...(edns().additionals ?? []), ...(edns().additionals ?? [])]
    const bad = [
      encode({ type: 'query', id: 7, questions: [] }),
      encode({ type: 'query', id: 7, ...two }),
      question('web', 'A', { additionals: opts }),
      question('web', 'A').subarray(0, -3),
      // A question whose name is a pointer to its own header, and one with the reserved kind of label.
      Buffer.concat([question('', 'A').subarray(0, 12), Buffer.of(0xc0, 0, 0, 1, 0, 1)]),
      Buffer.concat([question('', 'A').subarray(0, 12), Buffer.of(0x80, 0, 0, 1, 0, 1)]),
    ]
    for (const packet of bad) expect(reply(packet)).toMatchObject({ id: 7, rcode: 'FORMERR' })
    const promises = question('web', 'A')
    promises.writeUInt16BE(65_535, 6)
    expect(reply(promises)).toMatchObject({ rcode: 'FORMERR' })
  })

  test('another opcode is NOTIMP, another EDNS is BADVERS', () => {
    expect(reply(question('web', 'A', { flags: 5 << 11 }))).toMatchObject({
      rcode: 'NOTIMP',
      opcode: 'UPDATE',
    })
    const newer = reply(question('web', 'A', edns({ ednsVersion: 1 })))
    expect(newer).toMatchObject({ data: [], additionals: [{ extendedRcode: 1, ednsVersion: 0 }] })
  })

  test('a dot inside a label is no border between labels', () => {
    const odd = Buffer.concat([
      question('', 'A').subarray(0, 12),
      Buffer.from('\x07a.front\x00\x00\x01\x00\x01', 'latin1'),
    ])
    expect(reply(odd, { ...view, addresses: () => ['10.1.0.2'] })).toBe('forward')
  })

  const bytes = fc.uint8Array({ maxLength: 600 }).map((one) => Buffer.from(one))
  /** A good query, hit in some places, cut or with something behind it. */
  const damaged = fc
    .record({
      name: fc.constantFrom('web', 'many', 'old', 'a.b.c.d', 'x'.repeat(63), '2.0.1.10.in-addr.arpa'),
      type: fc.constantFrom('A', 'AAAA', 'ANY', 'PTR', 'TXT', 'SOA', 'OPT'),
      edns: fc.boolean(),
      hits: fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 4 }),
      keep: fc.nat(400),
      tail: fc.uint8Array({ maxLength: 40 }),
    })
    .map((one) => {
      const packet = Buffer.from(question(one.name, one.type, one.edns ? edns() : {}))
      for (const [at, value] of one.hits) if (at < packet.length) packet[at] = value
      return Buffer.concat([packet.subarray(0, one.keep), one.tail])
    })

  test('whatever comes, no exception leaves, and what is said can be read and fits', () => {
    fc.assert(
      fc.property(fc.oneof(bytes, damaged), fc.boolean(), (packet, ndotsSet) => {
        const reaction = react(packet, { ...view, ndotsSet: () => ndotsSet }, udpLimit)
        if (reaction.do !== 'reply') return
        const answer = decode(reaction.packet)
        expect(answer.type).toBe('response')
        expect(answer.id).toBe(packet.readUInt16BE(0))
        const query = readQuery(packet)
        const limit = query === undefined || 'refuse' in query ? 12 : udpLimit(query)
        expect(reaction.packet.length).toBeLessThanOrEqual(limit)
        if (answer.questions?.length)
          expect(reaction.packet.subarray(12).includes(packet.subarray(12, 17))).toBe(true)
      }),
      { numRuns: 3000 },
    )
  })
})
