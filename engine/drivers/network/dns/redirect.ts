// Port 53 of 127.0.0.11, inside a container's network namespace, leads to our sockets.
//
// Why not listen on port 53 itself? A container may be a name server: dnsmasq or CoreDNS
// on 0.0.0.0:53 would get EADDRINUSE, for UDP unless both sides said SO_REUSEADDR, for
// TCP whatever they say. So our sockets have ports of the kernel's choice, and a rule of
// the container's own firewall sends there what goes to 127.0.0.11:53. Docker does the
// same. It costs one nft, 2 ms in a new namespace (17 in one that has the table already:
// the kernel waits until nobody reads the old rules).
//
// Called by name-server.ts.
import { closeSync, openSync, readFileSync } from 'node:fs'
import { EngineError } from '../../../errors.ts'
import { background } from '../../../syscalls/command.ts'
import { memfdCreate } from '../../../syscalls/memfd.ts'
import { withinNetwork } from '../../../syscalls/namespace.ts'

/** Where resolv.conf sends a container of a user-defined network. */
export const nameServerAddress = '127.0.0.11'

/** @throws EngineError `unavailable` without nft(8), `internal` with its last words */
export async function redirect(namespace: number, ports: { udp: number; tcp: number }): Promise<void> {
  const failure = await nft(namespace, `create table ip tocker_dns; ${chain(ports)}`)
  if (failure === undefined) return
  // A daemon before this one was here: its table leads to ports that nobody listens on.
  const again = await nft(namespace, `delete table ip tocker_dns; add table ip tocker_dns; ${chain(ports)}`)
  if (again !== undefined) throw new EngineError('internal', `redirect the container's port 53: ${failure}`)
}

function chain({ udp, tcp }: { udp: number; tcp: number }): string {
  const to = `ip daddr ${nameServerAddress}`
  return [
    // -100 is where destinations are changed (dstnat), by its number: nft knows that name for prerouting only.
    'add chain ip tocker_dns output { type nat hook output priority -100; }',
    `add rule ip tocker_dns output ${to} udp dport 53 dnat to ${nameServerAddress}:${udp}`,
    `add rule ip tocker_dns output ${to} tcp dport 53 dnat to ${nameServerAddress}:${tcp}`,
  ].join('; ')
}

/** @returns what it complained of */
async function nft(namespace: number, script: string): Promise<string | undefined> {
  using files = new DisposableStack()
  const nothing = files.adopt(openSync('/dev/null', 'r+'), closeSync)
  const words = files.adopt(memfdCreate('nft'), closeSync)
  // Forked on this thread, so it is born where the thread is; waited for at home.
  const status = await withinNetwork(namespace, () =>
    background({ file: 'nft', args: [script], stdio: [nothing, nothing, words], env: process.env }),
  )
  if (status === 0) return undefined
  return readFileSync(`/proc/self/fd/${words}`, 'utf8').split('\n')[0] || `exit status ${status}`
}
