// Where the site listens: on the first free port of an address, and which
// addresses this machine has for a class.
import type { Server } from 'node:http'
import { networkInterfaces } from 'node:os'

/** Listens on the first free port from `port` on. Port 0 lets the kernel choose. */
export async function listen(server: Server, port: number, host: string): Promise<number> {
  for (let candidate = port; ; candidate++) {
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject).listen(candidate, host, () => {
          server.off('error', reject)
          resolve()
        })
      })
      const address = server.address()
      return address && typeof address === 'object' ? address.port : candidate
    } catch (error) {
      const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
      if (!taken || candidate - port >= 50) throw error
    }
  }
}

/** IPv4 addresses by which others on the network reach this machine. */
export function lanAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((one) => one ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address)
}
