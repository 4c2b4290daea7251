// Requests whose answer goes on: `docker logs`, `attach`, `exec`.
import type { Duplex } from 'node:stream'
import * as z from 'zod/mini'
import { execBodySchema } from '../../../api/container-config.ts'
import { EngineError, errorLine } from '../../../errors.ts'
import type { Daemon } from '../../daemon.ts'
import type { Engine } from '../../engine.ts'
import { parseTimestamp } from '../../events.ts'
import { containerAttach } from '../../jobs/container-attach.ts'
import { execCreate, execInspect, execStart, resize } from '../../jobs/container-exec.ts'
import { containerLogs } from '../../jobs/container-logs.ts'
import { readJson } from '../body.ts'
import type { Exchange } from '../exchange.ts'
import { frame } from '../frame.ts'
import { writeLog } from '../log-stream.ts'
import type { Route } from '../router.ts'

const raw = 'application/vnd.docker.raw-stream'
const multiplexed = 'application/vnd.docker.multiplexed-stream'
/** Clients before 1.42 know the first name only, whatever comes. */
const firstMultiplexed = 42

export function containerStreamRoutes(engine: Engine<Daemon>, daemon: Daemon): Route[] {
  const open =
    (exchange: Exchange) =>
    (terminal: boolean): Duplex =>
      exchange.hijack(terminal || exchange.version < firstMultiplexed ? raw : multiplexed)
  return [
    { method: 'GET', path: '/containers/:name/logs', handle: (exchange) => sendLogs(engine, exchange) },
    {
      method: 'POST',
      path: '/containers/:name/attach',
      handle: (exchange) => {
        const { query } = exchange
        const container = exchange.parameter('name')
        const wanted = { stdout: query.flag('stdout'), stderr: query.flag('stderr') }
        return engine.run(
          containerAttach,
          {
            ...{
              container,
              ...wanted,
              stdin: query.flag('stdin'),
              logs: query.flag('logs'),
              stream: query.flag('stream'),
            },
            detachKeys: query.text('detachKeys'),
            open: open(exchange),
            replay: async (client) => {
              const { records, terminal } = await engine.run(
                containerLogs,
                { container, follow: false },
                exchange,
              )
              await writeLog(client, records, { ...wanted, timestamps: false, details: false, raw: terminal })
            },
          },
          exchange,
        )
      },
    },
    {
      method: 'POST',
      path: '/containers/:name/resize',
      handle: async (exchange) => {
        await engine.run(resize, { container: exchange.parameter('name'), ...sizeOf(exchange) })
        exchange.empty(200)
      },
    },
    {
      method: 'POST',
      path: '/containers/:name/exec',
      handle: async (exchange) => {
        const body = await readJson(exchange.request, execBodySchema)
        exchange.json(201, {
          Id: await engine.run(execCreate, { container: exchange.parameter('name'), body }),
        })
      },
    },
    {
      method: 'POST',
      path: '/exec/:id/start',
      handle: async (exchange) => {
        const {
          Detach = false,
          Tty = false,
          ConsoleSize,
        } = await readJson(exchange.request, execStartSchema, { optional: true })
        const [rows, columns] = ConsoleSize ?? []
        const started = engine.run(
          execStart,
          {
            ...{
              exec: exchange.parameter('id'),
              detach: Detach ?? false,
              terminal: Tty ?? false,
              open: open(exchange),
            },
            ...(rows && columns ? { size: { rows, columns } } : {}),
          },
          exchange,
        )
        await (Detach
          ? started
          : started.catch((error: unknown) => sayOnStream(exchange, error, Tty ?? false)))
        if (Detach) exchange.empty(200)
      },
    },
    {
      method: 'GET',
      path: '/exec/:id/json',
      handle: async (exchange) =>
        exchange.json(200, await engine.run(execInspect, { exec: exchange.parameter('id') })),
    },
    {
      method: 'POST',
      path: '/exec/:id/resize',
      handle: async (exchange) => {
        const { id, container } = daemon.execs.get(exchange.parameter('id'))
        await engine.run(resize, { container, exec: id, ...sizeOf(exchange) })
        exchange.empty(200)
      },
    },
  ]
}

/**
 * A program that cannot be run is told where its output would have come, as Docker does it: the client asks
 * for the exit status next, and ends with that.
 */
function sayOnStream(exchange: Exchange, error: unknown, terminal: boolean): void {
  if (!(error instanceof EngineError) || ![126, 127].includes(error.exitStatus)) throw error
  const line = Buffer.from(`${errorLine(error)}\r\n`)
  const kind = terminal || exchange.version < firstMultiplexed ? raw : multiplexed
  exchange.hijack(kind).end(terminal ? line : frame('stdout', line))
}

const execStartSchema = z.object({
  Detach: z.nullish(z.boolean()),
  Tty: z.nullish(z.boolean()),
  ConsoleSize: z.nullish(z.array(z.int())),
})

function sizeOf({ query }: Exchange): { rows: number; columns: number } {
  const [rows, columns] = [query.number('h'), query.number('w')]
  if (rows === undefined || columns === undefined || rows < 0 || columns < 0)
    throw new EngineError('invalid', 'resize: give the height h and the width w')
  return { rows, columns }
}

async function sendLogs(engine: Engine<Daemon>, exchange: Exchange): Promise<void> {
  const { query } = exchange
  const wanted = { stdout: query.flag('stdout'), stderr: query.flag('stderr') }
  if (!wanted.stdout && !wanted.stderr)
    throw new EngineError('invalid', 'Bad parameters: you must choose at least one stream')
  const tail = query.text('tail')
  const { terminal, records } = await engine.run(
    containerLogs,
    {
      ...{ container: exchange.parameter('name'), follow: query.flag('follow') },
      ...time(exchange, 'since'),
      ...time(exchange, 'until'),
      // Docker reads what is no number as all.
      ...(/^\d+$/.test(tail) ? { tail: Number(tail) } : {}),
    },
    exchange,
  )
  const out = exchange.stream(200, terminal || exchange.version < firstMultiplexed ? raw : multiplexed)
  const flags = { timestamps: query.flag('timestamps'), details: query.flag('details') }
  await writeLog(out, records, { ...wanted, ...flags, raw: terminal })
  out.end()
}

function time<Name extends 'since' | 'until'>(
  { query }: Exchange,
  name: Name,
): Partial<Record<Name, bigint>> {
  const text = query.text(name)
  if (text === '' || text === '0') return {}
  const nano = parseTimestamp(text)
  if (nano === undefined) throw new EngineError('invalid', `${name}=${text}: it must be seconds since 1970`)
  const found: Partial<Record<Name, bigint>> = {}
  found[name] = nano
  return found
}
