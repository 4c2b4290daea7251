// Two connections made one: what comes from either goes to the other, and the end of
// either's output is told, while the other direction goes on (half-closed).
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { KeyWatch } from '../api/detach-keys.ts'
import { onHangUp } from './hang-up.ts'

/**
 * Until the process' side ends, or the client leaves. @returns whether it left by its keys. The client's connection stays: who called has the last word, and ends it.
 */
export function splice(client: Duplex, process: Socket, keys?: KeyWatch): Promise<boolean> {
  return new Promise((resolve) => {
    let byKeys = false
    const over = (): void => {
      process.destroy()
      // Keys that a full pipe held up are for nobody now; unread, the client's end would not be seen behind them.
      client.resume()
      resolve(byKeys)
    }
    client.on('data', (chunk: Buffer) => {
      if (process.destroyed) return
      const { pass, detach } = keys?.(chunk) ?? { pass: chunk, detach: false }
      if (pass.length > 0 && !process.write(pass)) client.pause()
      if (!detach) return
      byKeys = true
      over()
    })
    process.on('drain', () => client.resume())
    client.once('end', () => {
      process.end()
      // Its input is over; of a program that says nothing nobody else would see that the client is gone, too.
      onHangUp(client, () => client.destroy())
    })
    client.once('close', over)
    client.on('error', over)
    process.on('error', over)
    process.pipe(client, { end: false })
    process.once('end', over)
    process.once('close', over)
    // A program that says nothing may have ended before we listened, and a client may have left.
    if (process.readableEnded || process.destroyed || client.destroyed) over()
  })
}
