// Lines of a container to a syslog daemon, here or elsewhere.
//
//   unix:///dev/log, unixgram:///dev/log    the local one; datagrams, as syslog(3) sends them
//   udp://host:514                          a datagram a line; who does not listen hears nothing
//   tcp://host:601, tcp+tls://host:6514     a stream, lines end with a newline
//
// A stream that breaks is opened again for the next line, three times; the lines that
// were on their way are lost, as the protocol has no answers.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { closeSync, existsSync, readFileSync, writeSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { EngineError } from '../../errors.ts'
import { connectUnixDatagram } from '../../syscalls/socket.ts'
import type { LogConfig, LogDriver, LogRecord } from './driver.ts'
import { fillTag } from './options.ts'
import { parseFacility, parseFormat, type Sender, syslogMessage } from './syslog-message.ts'

/** Milliseconds for the other side of a stream to take a connection, or a line. */
const patience = 10_000

interface Line {
  send(message: Buffer): Promise<void>
  close(): void
}

/** @throws EngineError `invalid` for options that are wrong, `unavailable` when nobody is there */
export async function openSyslog({ options, info }: LogConfig): Promise<LogDriver> {
  const format = parseFormat(options['syslog-format'])
  const sender: Sender = {
    facility: parseFacility(options['syslog-facility']),
    hostname: hostname(),
    tag: fillTag(options.tag || '{{.ID}}', info),
    pid: process.pid,
  }
  const open = opener(options)
  let line: Line | undefined = await open()
  const send = async (record: LogRecord): Promise<void> => {
    const message = syslogMessage(record, format, sender)
    for (let left = 3; ; left--) {
      try {
        line ??= await open()
        return await line.send(message)
      } catch (error) {
        line?.close()
        line = undefined
        if (left === 1) throw error
        await sleep(100)
      }
    }
  }
  return {
    write: async (records) => {
      for (const record of records) await send(record)
    },
    close: async () => line?.close(),
  }
}

/** What opens a connection to where the options say; nothing is opened yet. @throws EngineError `invalid` */
function opener(options: LogConfig['options']): () => Promise<Line> {
  const address = options['syslog-address'] ?? ''
  if (address === '') return openLocal
  const [, scheme = '', rest = ''] = /^(\w[\w+]*):\/\/(.+)$/.exec(address) ?? []
  if (scheme === 'unix' || scheme === 'unixgram') {
    if (!existsSync(rest))
      throw new EngineError('invalid', `syslog-address should be an existing path: ${rest}`)
    return async () => openUnix(rest)
  }
  const [, bracketed, plain = '', port = '514'] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(rest) ?? []
  const host = bracketed ?? plain
  if (host === '' || Number(port) > 65_535)
    throw new EngineError('invalid', `syslog-address should be in form proto://address, got ${address}`)
  if (scheme === 'udp') return () => openUdp(host, Number(port))
  if (scheme === 'tcp') return () => openTcp(() => connect({ host, port: Number(port) }), 'connect')
  if (scheme === 'tcp+tls') {
    const read = (name: string): Buffer | undefined => {
      const path = options[name]
      return path === undefined ? undefined : readFileSync(path)
    }
    return () =>
      openTcp(
        () =>
          connectTls({
            ...{ host, port: Number(port), servername: host },
            ca: read('syslog-tls-ca-cert'),
            cert: read('syslog-tls-cert'),
            key: read('syslog-tls-key'),
            rejectUnauthorized: options['syslog-tls-skip-verify'] === undefined,
          }),
        'secureConnect',
      )
  }
  throw new EngineError('invalid', `unsupported scheme: '${scheme}'`)
}

async function openLocal(): Promise<Line> {
  const path = ['/dev/log', '/var/run/syslog', '/var/run/log'].find((one) => existsSync(one))
  if (path === undefined)
    throw new EngineError(
      'unavailable',
      'Unix syslog delivery error: there is no /dev/log: is a syslog daemon running?',
    )
  return openUnix(path)
}

function openUnix(path: string): Line {
  let fd: number
  try {
    fd = connectUnixDatagram(path)
  } catch (cause) {
    throw new EngineError('unavailable', `connect to the syslog daemon at ${path}`, { cause })
  }
  return {
    // It does not wait: a daemon that reads too slowly gives EAGAIN, and the line is sent again or lost.
    send: async (message) => void writeSync(fd, message),
    close: () => closeSync(fd),
  }
}

async function openUdp(host: string, port: number): Promise<Line> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  // ECONNREFUSED of an earlier datagram: nobody listens, and nobody has to.
  socket.on('error', () => {})
  socket.unref()
  return {
    send: (message) =>
      new Promise((resolve, reject) =>
        socket.send(message, port, host, (error) => (error ? reject(error) : resolve())),
      ),
    close: () => socket.close(),
  }
}

async function openTcp(dial: () => Socket, ready: string): Promise<Line> {
  const socket = dial()
  socket.setTimeout(patience, () => socket.destroy(new Error('it does not answer')))
  try {
    await once(socket, ready)
  } catch (cause) {
    socket.destroy()
    throw new EngineError('unavailable', 'connect to the syslog daemon', { cause })
  }
  socket.setTimeout(0)
  let broken: Error | undefined
  socket.on('error', (error) => {
    broken = error
  })
  socket.on('close', () => {
    broken ??= new Error('the syslog daemon closed the connection')
  })
  // Whatever it says: a stream that nobody reads would never tell its end.
  socket.resume()
  return {
    send: (message) =>
      new Promise((resolve, reject) => {
        if (broken) return reject(broken)
        // It is there, and does not read: the container's end must not wait for that.
        const late = setTimeout(() => {
          reject(new EngineError('unavailable', 'the syslog daemon does not read'))
          socket.destroy()
        }, patience)
        socket.write(Buffer.concat([message, Buffer.from('\n')]), (error) => {
          clearTimeout(late)
          if (error) reject(error)
          else resolve()
        })
      }),
    close: () => socket.end(),
  }
}
