// A name server of the world outside, for tests: what it says depends on the name alone.
// Run as a program, in whichever network namespace: `node upstream.ts ADDRESS PORT`. It
// prints "ready", and then one line for every question that it gets.
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { type Answer, decode, encode } from 'dns-packet'
import { framed, messages } from '../../engine/drivers/network/dns/tcp.ts'

const rcodes: Record<string, number> = { fail: 2, gone: 3, refused: 5 }
const truncated = 0x200

/** None, one, or several: what comes first may be a forgery. */
function replies(protocol: string, packet: Buffer): Buffer[] {
  const { id = 0, questions = [] } = decode(packet)
  const { name = '', type = 'A' } = questions[0] ?? {}
  const [kind = ''] = name.split('.')
  process.stdout.write(`${protocol} ${type} ${name}\n`)
  if (kind === 'silent') return []
  const reply = (address: string, own: { id?: number; flags?: number; answers?: Answer[] } = {}): Buffer =>
    encode({
      ...{ type: 'response', id, flags: 0x180 | (rcodes[kind] ?? 0), questions },
      answers: kind in rcodes ? [] : [{ type: 'A', name, ttl: 60, data: address }],
      ...own,
    })
  if (kind === 'long') {
    const answers: Answer[] = [{ type: 'TXT', name, ttl: 60, data: Array(12).fill('z'.repeat(200)) }]
    return [
      protocol === 'udp' ? reply('', { flags: 0x180 | truncated, answers: [] }) : reply('', { answers }),
    ]
  }
  // Answers that UDP carries, though the client never said that it takes so much.
  if (kind === 'fat')
    return [reply('', { answers: [{ type: 'TXT', name, ttl: 60, data: Array(6).fill('z'.repeat(200)) }] })]
  if (kind === 'forged') return [reply('198.51.100.66', { id: id ^ 1 }), reply('192.0.2.1')]
  return [reply('192.0.2.1')]
}

const [address = '127.0.0.1', port = '53'] = process.argv.slice(2)
const udp = createSocket('udp4')
udp.on('message', (packet, from) => {
  for (const reply of replies('udp', packet)) udp.send(reply, from.port, from.address)
})
udp.bind(Number(port), address, () => {
  const tcp = createServer(async (socket) => {
    socket.on('error', () => {})
    for await (const packet of messages(socket))
      for (const reply of replies('tcp', packet)) socket.write(framed(reply))
  })
  tcp.listen(udp.address().port, address, () => process.stdout.write(`ready ${udp.address().port}\n`))
})
