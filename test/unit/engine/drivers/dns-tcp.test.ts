// Messages on a connection: however the bytes arrive, the same messages come out.

import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { framed, messages } from '../../../../engine/drivers/network/dns/tcp.ts'

test('are the same in whichever pieces they come', async () => {
  const sent = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(
      sent,
      fc.array(fc.integer({ min: 1, max: 90 }), { maxLength: 40 }),
      async (all, cuts) => {
        const stream = Buffer.concat(all.map((one) => framed(Buffer.from(one))))
        const pieces: Buffer[] = []
        let at = 0
        for (const cut of [...cuts, stream.length]) {
          pieces.push(stream.subarray(at, at + cut))
          at += cut
        }
        // A socket is a stream that is read the same way.
        const socket = Readable.from(pieces.filter((one) => one.length > 0)) as unknown as Socket
        const got: Buffer[] = []
        for await (const one of messages(socket)) got.push(one)
        expect(got).toEqual(all.map((one) => Buffer.from(one)))
      },
    ),
  )
})

test('one that is not whole is none', async () => {
  const socket = Readable.from([framed(Buffer.from('whole')), framed(Buffer.from('cut')).subarray(0, 4)])
  const got: string[] = []
  for await (const one of messages(socket as unknown as Socket)) got.push(one.toString())
  expect(got).toEqual(['whole'])
})
