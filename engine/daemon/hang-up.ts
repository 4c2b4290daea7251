// A client that has gone, on a connection that nobody reads or writes.
//
// Whoever attaches to a container that is not started yet is not read, since what he types is
// the program's; and the end of what he sends means nothing, since `echo x | docker run -i`
// ends it before the start, and waits for output. So Node does not tell when he has gone, and
// would not before the first write. The kernel knows, and is asked now and then.
//
// Called by jobs/container-attach.ts, splice.ts and supervisor/attach.ts.
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { isHungUp } from '../syscalls/poll.ts'
import { untraced } from '../trace/scope.ts'

/** Milliseconds. */
const often = 1000

/** @param gone called once, when the other side has closed the connection */
export function onHangUp(connection: Duplex, gone: () => void): Disposable {
  // Over TCP a host that has closed says so when it is asked.
  if (connection instanceof Socket) connection.setKeepAlive(true, 30_000)
  const look = (): void => {
    const fd = descriptorOf(connection)
    if (fd === undefined || !isHungUp(fd)) return
    clearInterval(timer)
    gone()
  }
  const timer = untraced(() => setInterval(look, often)).unref()
  connection.once('close', () => clearInterval(timer))
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

/** Of a socket of Node's, which has no other way to say it. */
function descriptorOf(connection: Duplex): number | undefined {
  const handle: unknown = Reflect.get(connection, '_handle')
  const fd: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined
  return typeof fd === 'number' && fd >= 0 ? fd : undefined
}
