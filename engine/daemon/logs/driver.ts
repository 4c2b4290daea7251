// What a log driver is: where the output of a container goes, line by line.
//
//   container ── pipe ──> lines.ts ── records ──> a driver ──> file, socket, nothing
//                         16 KiB at most each     json-file, local, syslog, journald, none
//
// Words, as Docker has them:
//   record    one line of one stream with its time, without the newline. Output is
//             bytes: nobody promises that they are text, and no driver may change them.
//   partial   a piece of a line that is longer than 16 KiB. All pieces but the last say
//             so, and have the time of the first; the last says `last`.
//   driver    write() takes the records of one read(2), in order, and resolves when they
//             are where they belong. Until then the container's next output waits in its
//             pipe, and in the end the container does: so the fastest writer takes no
//             memory of ours, and slows nobody but itself.
//   reader    only what is kept in files can be read back (read.ts), and what is in the
//             journal (journald-read.ts): `docker logs` of the others is refused.
//
// A driver lives in the supervisor; readers live where somebody asks. They share files
// and nothing else. How a reader that follows meets a writer that rotates is drawn in
// rotate.ts.
//
// A driver that fails to write must not end its container: who called counts what was
// lost, and says it in the log of the engine.
//
// Next: engine/daemon/logs/lines.ts
import * as z from 'zod/mini'

export type LogStream = 'stdout' | 'stderr'

export interface LogRecord {
  stream: LogStream
  /** Nanoseconds since 1970. */
  time: bigint
  /** Without its newline. */
  line: Buffer
  partial?: Partial
  /** What --log-opt labels and env had written beside it: `docker logs --details`. */
  attributes?: Record<string, string>
}

export interface Partial {
  /** The same for all pieces of one line. */
  id: string
  /** From 1. */
  ordinal: number
  last: boolean
}

export interface LogDriver {
  /** One call at a time. */
  write(records: readonly LogRecord[]): Promise<void>
  /** After the last write. */
  close(): Promise<void>
}

/** What `--log-driver` and `--log-opt` come to, and who it is about. */
export const logConfigSchema = z.object({
  driver: z.enum(['json-file', 'local', 'syslog', 'journald', 'none']),
  options: z.record(z.string(), z.string()),
  /** Of the drivers that write files: the absolute path of the current one. */
  path: z.string(),
  /** For tags and attributes. */
  info: z.object({
    id: z.string(),
    name: z.string(),
    image: z.string(),
    imageId: z.string(),
    command: z.string(),
    env: z.array(z.string()),
    labels: z.record(z.string(), z.string()),
  }),
})
export type LogConfig = z.infer<typeof logConfigSchema>
