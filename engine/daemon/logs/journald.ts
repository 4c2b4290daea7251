// Lines of a container to systemd's journal: a datagram each, with fields that say whose it is.
//
//   journalctl CONTAINER_NAME=web
//
// Where systemd-journald does not run there is no socket, and the container does not start.
// A field that a datagram has no room for, some 200 KiB, could go in a file instead; a line
// has 16 KiB at the most, and so that is left out.
//
// Called by open.ts. Next: engine/daemon/logs/journald-read.ts
import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { EngineError, hasCode } from '../../errors.ts'
import { connectUnixDatagram } from '../../syscalls/socket.ts'
import type { LogConfig, LogDriver } from './driver.ts'
import { encodeEntry, fixedFields, lineFields } from './journal-entry.ts'

const journalSocket = '/run/systemd/journal/socket'

/** Milliseconds that a journal may take for a line, while the container waits. */
const patience = 10_000

/** @throws EngineError `unavailable`, in Docker's words, where there is no journal; `invalid` for options that are wrong */
export function openJournald(config: LogConfig, socket = journalSocket): LogDriver {
  if (!existsSync(socket)) throw new EngineError('unavailable', 'journald is not enabled on this host')
  const fixed = encodeEntry(fixedFields(config, randomBytes(32).toString('hex')))
  let fd: number | undefined
  let ordinal = 0
  const close = (): void => {
    if (fd !== undefined) closeSync(fd)
    fd = undefined
  }
  const send = async (entry: Buffer): Promise<void> => {
    const latest = Date.now() + patience
    for (let pause = 1; ; pause = Math.min(pause * 2, 100)) {
      try {
        fd ??= connectUnixDatagram(socket)
        writeSync(fd, entry)
        return
      } catch (error) {
        // EAGAIN: it has enough to do, and the container waits, as for any log. All else: it has begun anew.
        if (!hasCode(error, 'EAGAIN')) close()
        if (hasCode(error, 'EMSGSIZE') || Date.now() > latest) throw error
        await sleep(pause)
      }
    }
  }
  return {
    write: async (records) => {
      for (const record of records) {
        ordinal += 1
        await send(Buffer.concat([encodeEntry(lineFields(record, ordinal)), fixed]))
      }
    },
    close: async () => close(),
  }
}
