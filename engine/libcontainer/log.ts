// What went wrong, where managers look for it.
//
// containerd, podman and dockerd give --log FILE --log-format json, and show the
// last `"level":"error"` line of that file to their user; without --log it goes
// to stderr. The shapes are those of runc's logger (logrus), which they parse.
import { appendFileSync } from 'node:fs'

type Level = 'debug' | 'info' | 'warning' | 'error'

export interface LogOptions {
  /** A file to append to; left out, stderr. */
  file?: string
  format: 'text' | 'json'
  /** With --debug, lines of level `debug` are written too. */
  debug: boolean
}

export interface Log {
  (level: Level, message: string): void
  /** An error that ends the command: into the log, and on stderr, once each. */
  fatal(message: string): void
}

export function openLog(options: LogOptions, stderr: (text: string) => void): Log {
  const write = (level: Level, message: string): void => {
    if (level === 'debug' && !options.debug) return
    const line = logLine(options.format, level, message, new Date())
    try {
      // One write(2) with O_APPEND: lines of two commands do not mix.
      if (options.file === undefined) stderr(line)
      else appendFileSync(options.file, line, { mode: 0o644 })
    } catch (error) {
      // A log that cannot be written must not hide what it was to say.
      stderr(`tocker-runtime: ${options.file}: ${error instanceof Error ? error.message : error}\n${line}`)
    }
  }
  return Object.assign(write, {
    fatal(message: string): void {
      write('error', message)
      if (options.file !== undefined) stderr(`${oneLine(message)}\n`)
    },
  })
}

/** Pure. `{"level":"error","msg":"…","time":"…"}`, or `time="…" level=error msg="…"`. */
export function logLine(format: LogOptions['format'], level: Level, message: string, time: Date): string {
  const stamp = time.toISOString().replace(/\.\d+/, '')
  const msg = oneLine(message)
  if (format === 'json') return `${JSON.stringify({ level, msg, time: stamp })}\n`
  return `time="${stamp}" level=${level} msg=${JSON.stringify(msg)}\n`
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, ' / ')
}
