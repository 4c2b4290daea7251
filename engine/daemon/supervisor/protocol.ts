// How the daemon talks to the supervisor, the one process that is the parent of every
// container, and that stays when the daemon goes.
//
//   docker ── HTTP ──> tockerd ── this protocol ──> tocker-supervisor ──> containers
//                      may be killed at             owns stdio, terminals,
//                      any instruction              logs, exit codes
//
// A unix socket, one JSON object a line. On a control connection any number of requests
// are under way at once, and answers come in the order in which the work is done:
//
//   daemon                                             supervisor
//     | {"id":1,"verb":"create","container":"c1",…} --> |  stdio and log open, process waits
//     | <---------------------- {"id":1,"ok":{"pid":7}} |
//     |                                                 |
//     | -- a connection of its own:                     |
//     | {"verb":"attach","container":"c1",…} ---------> |
//     | <------------------------ {"ok":{"framed":true}} |
//     | ===== bytes: ours are its input, its output ==> |  until either end closes
//     |                                                 |
//     | {"id":2,"verb":"start","container":"c1"} -----> |  execve
//     | <------------------------------- {"id":2,"ok":{}} |
//     |                                                 |  … it ends: output to its end,
//     |                                                 |  log closed, end.json written
//     | <----- {"event":"end","container":"c1","end":…} |  to who said {"verb":"events"}
//     | {"id":3,"verb":"delete","container":"c1"} ----> |
//
// An attach connection is lost with whoever holds it, and nothing else is. Its first
// line is answered by one line; then it is bytes: to us raw, as the container's input,
// where the end of the stream is the end of the input; from us in frames, as Docker has
// them on its HTTP streams (stream number, three zeros, length as 32 bits, bytes), or
// raw when there is a terminal, which knows no difference between output and error.
//
// `exec` is `create` for a second process: it makes ready, one attaches, `start` with
// its name runs it. A process is named everywhere by container and, for those, exec.
//
// What was told is on the disk before it is told: end.json beside the container. It
// stays until `delete`, so a daemon that was killed before it heard asks `list`, and
// misses nothing.
//
// Rejected: gRPC or ttrpc, as containerd's shims speak it: a learner can type this into
// `nc -U`. One process for each container, as there: 50 of them take 650 MB.
//
// Next: engine/daemon/supervisor/supervisor.ts
import * as z from 'zod/mini'
import { processSchema } from '../../libcontainer/config/process.ts'
import { resourcesSchema } from '../../libcontainer/config/resources.ts'
import { logConfigSchema } from '../logs/driver.ts'

/** Also the name of a directory. */
const name = z.string().check(z.regex(/^[\w][\w.-]{0,127}$/, 'it is no name'))
const which = { container: name, exec: z.exactOptional(name) }

/** Whose its descriptors 0 to 2 are, where root of the container is somebody else here; left out, root's. */
const owner = z.exactOptional(z.object({ uid: z.int(), gid: z.int() }))

/** Which exec driver: our own, or a runtime of daemon.json. */
const runtimeSchema = z.union([
  z.literal('native'),
  z.object({ name, program: z.string(), args: z.exactOptional(z.array(z.string())) }),
])
export type RuntimeChoice = z.infer<typeof runtimeSchema>

export const createSchema = z.object({
  container: name,
  /** Absolute path of the directory with config.json. */
  bundle: z.string(),
  runtime: runtimeSchema,
  terminal: z.boolean(),
  /** Its input stays open until somebody closes it; otherwise it is empty. */
  stdin: z.boolean(),
  /** The first who attached closes it by leaving: Docker's StdinOnce. */
  stdinOnce: z.boolean(),
  owner,
  log: logConfigSchema,
})

export const execSchema = z.object({
  container: name,
  exec: name,
  terminal: z.boolean(),
  stdin: z.boolean(),
  owner,
  /** `process` of config.json. */
  process: processSchema,
})

const size = { rows: z.int().check(z.gte(0)), columns: z.int().check(z.gte(0)) }

/** Verbs of a control connection, by name: what each takes. */
export const requestSchema = z.discriminatedUnion('verb', [
  z.object({ verb: z.literal('create'), ...createSchema.shape, trace: z.exactOptional(z.boolean()) }),
  z.object({ verb: z.literal('exec'), ...execSchema.shape }),
  /** With `trace`, here and in create, the answer tells what was asked of the kernel meanwhile. */
  z.object({ verb: z.literal('start'), ...which, trace: z.exactOptional(z.boolean()) }),
  /** To the first process, or to everybody in the container. */
  z.object({
    verb: z.literal('kill'),
    ...which,
    signal: z.int().check(z.gte(0), z.lte(64)),
    all: z.exactOptional(z.boolean()),
  }),
  z.object({ verb: z.literal('pause'), container: name }),
  z.object({ verb: z.literal('resume'), container: name }),
  z.object({ verb: z.literal('update'), container: name, resources: resourcesSchema }),
  z.object({ verb: z.literal('resize'), ...which, ...size }),
  /** Answered when it has ended. */
  z.object({ verb: z.literal('wait'), ...which }),
  /** Ends the input. */
  z.object({ verb: z.literal('stdin'), ...which }),
  z.object({ verb: z.literal('list') }),
  z.object({ verb: z.literal('pids'), container: name }),
  z.object({ verb: z.literal('stats'), container: name }),
  /** An id for which a process waits ahead; none when there is none just now. */
  z.object({ verb: z.literal('reserve') }),
  z.object({ verb: z.literal('delete'), ...which, force: z.exactOptional(z.boolean()) }),
  /** From here on events come on this connection, too. */
  z.object({ verb: z.literal('events') }),
  /** The supervisor ends; refused while a container runs, unless forced: then they are killed. */
  z.object({ verb: z.literal('shutdown'), force: z.exactOptional(z.boolean()) }),
])
export type Request = z.infer<typeof requestSchema>

/** One thing that was asked of the kernel: trace/trace.ts. */
export const traceSchema = z.array(
  z.object({
    process: z.enum(['tocker', 'init', 'tockerd', 'supervisor']),
    kind: z.enum(['syscall', 'command']),
    name: z.string(),
    args: z.string(),
    result: z.string(),
    at: z.number(),
    milliseconds: z.number(),
    frames: z.array(z.string()),
  }),
)

export const attachSchema = z.object({
  verb: z.literal('attach'),
  ...which,
  stdin: z.boolean(),
  stdout: z.boolean(),
  stderr: z.boolean(),
})
export type AttachRequest = z.infer<typeof attachSchema>

/** How a process ended. */
export const endSchema = z.object({
  /** Exit status, or 128 + signal; 255 when nobody knows, and `reason` says why. */
  status: z.int(),
  oomKilled: z.boolean(),
  /** RFC 3339. */
  at: z.string(),
  reason: z.exactOptional(z.string()),
})
export type End = z.infer<typeof endSchema>

export const listedSchema = z.object({
  container: z.string(),
  exec: z.exactOptional(z.string()),
  phase: z.enum(['created', 'running', 'paused', 'ended']),
  pid: z.number(),
  terminal: z.boolean(),
  startedAt: z.exactOptional(z.string()),
  end: z.exactOptional(endSchema),
  /** An earlier supervisor gave birth to it. */
  adopted: z.boolean(),
})
export type Listed = z.infer<typeof listedSchema>

export const eventSchema = z.object({
  event: z.literal('end'),
  container: z.string(),
  exec: z.exactOptional(z.string()),
  end: endSchema,
})
export type Event = z.infer<typeof eventSchema>

export const failureSchema = z.object({
  kind: z.enum([
    'not-found',
    'invalid',
    'conflict',
    'unauthorized',
    'forbidden',
    'not-modified',
    'not-implemented',
    'unavailable',
    'internal',
  ]),
  message: z.string(),
  exitStatus: z.number(),
})

export const answerSchema = z.object({
  id: z.exactOptional(z.number()),
  ok: z.optional(z.unknown()),
  error: z.exactOptional(failureSchema),
})

/** Where the supervisor of an exec-root listens. */
export const socketName = 'supervisor.sock'

/** No request is longer, and no answer's line. */
export const longestLine = 4 * 1024 ** 2
