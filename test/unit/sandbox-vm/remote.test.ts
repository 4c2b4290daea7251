// The SSH connection, against a server in this process that answers as fast as none does.
import { once } from 'node:events'
import ssh2 from 'ssh2'
import { expect, onTestFinished, test } from 'vitest'
import { Remote } from '../../../sandbox-vm/remote.ts'

/** Lets everybody in, and answers every command at once with `answer`. */
async function server(answer: (channel: ssh2.ServerChannel) => void): Promise<Remote> {
  const { private: hostKey } = ssh2.utils.generateKeyPairSync('ed25519')
  const listening = new ssh2.Server({ hostKeys: [hostKey] }, (client) => {
    client.on('authentication', (context) => context.accept())
    client.on('session', (accept) => accept().on('exec', (accepted) => answer(accepted())))
    client.on('error', () => {})
  }).listen(0, '127.0.0.1')
  await once(listening, 'listening')
  const address = listening.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const remote = await Remote.connect({ host: '127.0.0.1', port, username: 'root', password: '' })
  onTestFinished(async () => {
    remote.destroy()
    await remote.closed
    listening.close()
  })
  return remote
}

test('a command that ended before we could listen to it has its status all the same', async () => {
  const remote = await server((channel) => {
    channel.exit(3)
    channel.end('out')
  })
  for (let round = 0; round < 5; round++)
    expect(await remote.exec('true')).toEqual({ status: 3, stdout: 'out', stderr: '' })
})

test('... and so has one that a signal ended', async () => {
  const remote = await server((channel) => {
    channel.exit('KILL', false, '')
    channel.close()
  })
  expect((await remote.exec('kill -KILL $$')).status).toBe(137)
})

test('a connection that ends while a command runs says so', async () => {
  const remote = await server(() => remote.destroy())
  await expect(remote.exec('sleep 1')).rejects.toThrow('the sandbox went away')
})
