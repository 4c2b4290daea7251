// Two connections made one, and what each end hears of the other's.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { detachKeys } from '../../../../engine/api/detach-keys.ts'
import { splice } from '../../../../engine/daemon/splice.ts'

const directory = mkdtempSync(join(tmpdir(), 'lc-splice-'))
afterAll(() => rmSync(directory, { recursive: true }))

/** Two ends of one connection. */
async function pair(name: string): Promise<[ours: Socket, theirs: Socket]> {
  const path = join(directory, name)
  const server = createServer({ allowHalfOpen: true }).listen(path)
  await once(server, 'listening')
  const ours = connect({ path, allowHalfOpen: true })
  const [theirs] = await once(server, 'connection')
  server.close()
  return [ours, theirs]
}

test('bytes go both ways, and the end of the process ends it', async () => {
  const [client, terminal] = await pair('a')
  const [process, program] = await pair('b')
  program.on('data', (chunk: Buffer) => program.end(`got ${chunk}`))
  const over = splice(client, process)
  terminal.write('keys')
  const [answer] = await once(terminal, 'data')
  expect(String(answer)).toBe('got keys')
  expect(await over).toBe(false)
  client.end()
  terminal.destroy()
})

test('whoever leaves by its keys has left, and the program has what came before', async () => {
  const [client, terminal] = await pair('keys')
  const [process, program] = await pair('left')
  const over = splice(client, process, detachKeys('ctrl-p,ctrl-q'))
  terminal.write('x\x10\x11')
  const [got] = await once(program, 'data')
  expect([String(got), await over]).toEqual(['x', true])
  client.end()
  terminal.destroy()
})

test('a program that had ended before anybody listened ends it, too', async () => {
  const [client, terminal] = await pair('c')
  const [process, program] = await pair('d')
  process.resume()
  program.end()
  await once(process, 'end')
  await splice(client, process)
  client.end()
  terminal.destroy()
})
