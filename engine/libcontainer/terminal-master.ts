// The master of a terminal, as whoever plays keyboard and screen gets it from init (console.ts).
import { EngineError } from '../errors.ts'
import { receiveFdsNow } from '../syscalls/socket.ts'

/**
 * To be called once the process is there: by then it has sent it. Not waited for: whoever was killed on
 * the way never sends one, and in a daemon every container would wait with us.
 * @param socket the other end of that which init has
 * @throws EngineError `conflict` when there is none
 */
export function receiveMaster(socket: number): number {
  const [fd] = receiveFdsNow(socket)
  if (fd === undefined) throw new EngineError('conflict', 'the process was killed before it had a terminal')
  return fd
}
