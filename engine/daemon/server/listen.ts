// Where the daemon listens: `--host`, as Docker spells it.
//
//   unix:///run/tocker.sock   a file; who may write to it is root here, so mode 0660 and a group
//   tcp://127.0.0.1:2375      anybody who reaches it is root here: only with TLS, or on loopback
//   fd://                     sockets that a service manager opened for us, sd_listen_fds(3)
//
// Called by daemon/main.ts. Next: engine/daemon/server/exchange.ts
import { chownSync, lstatSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import { connect, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { EngineError } from '../../errors.ts'

export type Host =
  | { kind: 'unix'; path: string }
  | { kind: 'tcp'; host: string; port: number }
  | { kind: 'fd'; number: number }

const unencrypted = 2375
const encrypted = 2376
/** The first that systemd passes: SD_LISTEN_FDS_START. */
const firstPassed = 3

/** @param text of --host @throws EngineError `invalid` */
export function parseHost(text: string, tls: boolean): Host {
  const [, scheme = '', rest = ''] = /^(?:([a-z]+):\/\/)(.*)$/.exec(text) ?? []
  if (scheme === 'unix') {
    if (!rest.startsWith('/'))
      throw new EngineError('invalid', `--host ${text}: give an absolute path, as unix:///run/tocker.sock`)
    // sun_path of unix(7) has 108 bytes, with the NUL that ends it.
    if (Buffer.byteLength(rest) > 107)
      throw new EngineError('invalid', `--host ${text}: the path of a socket has 107 bytes at most`)
    return { kind: 'unix', path: rest }
  }
  if (scheme === 'tcp') return { kind: 'tcp', ...parseAddress(text, rest, tls ? encrypted : unencrypted) }
  if (scheme === 'fd') return { kind: 'fd', number: parseDescriptor(text, rest) }
  throw new EngineError('invalid', `--host ${text}: it must begin with unix://, tcp:// or fd://`)
}

function parseAddress(text: string, rest: string, otherwise: number): { host: string; port: number } {
  const url = URL.parse(
    `http://${rest === '' ? '127.0.0.1' : rest.startsWith(':') ? `0.0.0.0${rest}` : rest}`,
  )
  if (url === null || url.pathname !== '/' || url.search !== '' || url.username !== '')
    throw new EngineError('invalid', `--host ${text}: it must be tcp://address:port`)
  // A URL leaves out its scheme's own port.
  const port = url.port === '' ? (/:80\/?$/.test(rest) ? 80 : otherwise) : Number(url.port)
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port }
}

function parseDescriptor(text: string, rest: string): number {
  if (rest === '') return firstPassed
  if (!/^\d{1,4}$/.test(rest) || Number(rest) < firstPassed)
    throw new EngineError(
      'invalid',
      `--host ${text}: name the number of a descriptor from ${firstPassed} up, or none`,
    )
  return Number(rest)
}

/** What goes with a listener. */
export interface Listening extends AsyncDisposable {
  /** As a client would name it; with port 0, the port that the kernel chose. */
  address: string
}

/** @param group of the unix socket @throws EngineError `conflict` when somebody listens there, `unavailable` */
export async function listen(server: Server, host: Host, group?: string): Promise<Listening> {
  if (host.kind === 'unix') await clearSocket(host.path)
  // bind(2) makes the file with what umask(2) leaves: between it and chmod(2) nobody may slip in.
  const mask = process.umask(0o117)
  try {
    await bind(server, host)
  } finally {
    process.umask(mask)
  }
  if (host.kind === 'unix' && group !== undefined) giveTo(host.path, group)
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  return {
    address: addressOf(server, host),
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
        // Those that stopped being HTTP are none of the server's any more, and close() waits for
        // them all the same: with one `docker run` attached, the daemon would never end.
        for (const socket of open) socket.destroy()
      })
      // Node takes the file away with the listener; what a service manager opened stays its own.
      if (host.kind === 'unix') rmSync(host.path, { force: true })
    },
  }
}

function bind(server: Server, host: Host): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException): void => reject(explain(host, cause))
    server.once('error', failed)
    server.listen(optionsOf(host), () => {
      server.off('error', failed)
      // EMFILE of accept(2) costs a client its connection, and must not cost the others the daemon.
      server.on('error', () => {})
      resolve()
    })
  })
}

function optionsOf(host: Host) {
  if (host.kind === 'unix') return { path: host.path }
  return host.kind === 'fd' ? { fd: host.number } : { host: host.host, port: host.port }
}

function explain(host: Host, cause: NodeJS.ErrnoException): EngineError {
  const where =
    host.kind === 'unix'
      ? host.path
      : host.kind === 'fd'
        ? `descriptor ${host.number}`
        : `${host.host}:${host.port}`
  if (cause.code === 'EADDRINUSE')
    return new EngineError('conflict', `${where} is in use: somebody listens there already`)
  return new EngineError('unavailable', `listen on ${where}`, { cause })
}

/** A socket that nobody listens on is what a killed daemon left. */
async function clearSocket(path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
  const info = lstatSync(path, { throwIfNoEntry: false })
  if (info === undefined) return
  if (!info.isSocket())
    throw new EngineError(
      'conflict',
      `${path} is there, and is no socket: take it away or choose another --host`,
    )
  if (await answers(path)) throw new EngineError('conflict', `another daemon listens on ${path}`)
  rmSync(path, { force: true })
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path)
    const said = (yes: boolean) => () => {
      probe.destroy()
      resolve(yes)
    }
    probe.once('connect', said(true)).once('error', said(false))
  })
}

/** @throws EngineError `invalid` for a group that there is not */
function giveTo(path: string, group: string): void {
  const line = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .find((one) => one.startsWith(`${group}:`))
  const gid = /^\d+$/.test(group) ? group : line?.split(':')[2]
  if (gid === undefined) throw new EngineError('invalid', `--group ${group}: there is no such group`)
  chownSync(path, 0, Number(gid))
}

function addressOf(server: Server, host: Host): string {
  const address = server.address()
  if (address === null || typeof address === 'string') return `unix://${address ?? ''}`
  return host.kind === 'tcp'
    ? `tcp://${host.host.includes(':') ? `[${host.host}]` : host.host}:${address.port}`
    : 'fd://'
}
