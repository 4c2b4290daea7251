// A line of a container as a message of syslog. Pure.
//
//   RFC 5424   <27>1 2026-01-31T12:00:00Z host tag 4711 tag - hello
//   RFC 3164   <27>Jan 31 12:00:00 host tag[4711]: hello
//   unix       <27>Jan 31 12:00:00 tag[4711]: hello         (to a local daemon, which knows the host)
//
// The number is facility * 8 + severity; output is informational, errors are errors.
import { EngineError } from '../../errors.ts'
import { formatTime } from './clock.ts'
import type { LogRecord } from './driver.ts'

const facilities = 'kern user mail daemon auth syslog lpr news uucp cron authpriv ftp'.split(' ')

/** A name, local0 to local7, or a number. @throws EngineError `invalid` */
export function parseFacility(text = 'daemon'): number {
  const named = facilities.indexOf(text)
  if (named >= 0) return named
  const local = /^local([0-7])$/.exec(text)
  if (local) return 16 + Number(local[1])
  if (/^\d+$/.test(text) && Number(text) <= 23) return Number(text)
  throw new EngineError('invalid', 'invalid syslog facility')
}

export type SyslogFormat = '' | 'rfc3164' | 'rfc5424' | 'rfc5424micro'

/** @throws EngineError `invalid` */
export function parseFormat(text = ''): SyslogFormat {
  if (text === '' || text === 'rfc3164' || text === 'rfc5424' || text === 'rfc5424micro') return text
  throw new EngineError('invalid', 'Invalid syslog format')
}

export interface Sender {
  facility: number
  hostname: string
  tag: string
  pid: number
}

const severities = { stdout: 6, stderr: 3 } as const

/** Without the newline that ends it on a stream. */
export function syslogMessage(record: LogRecord, format: SyslogFormat, sender: Sender): Buffer {
  const { hostname, tag, pid } = sender
  const priority = `<${sender.facility * 8 + severities[record.stream]}>`
  const header =
    format === 'rfc5424' || format === 'rfc5424micro'
      ? `${priority}1 ${timestamp(record.time, format)} ${hostname} ${tag} ${pid} ${tag} - `
      : `${priority}${oldTimestamp(record.time)} ${format === 'rfc3164' ? `${hostname} ` : ''}${tag}[${pid}]: `
  return Buffer.concat([Buffer.from(header), record.line])
}

/** RFC 5424 allows six digits of a second, and Docker sends them when asked for. */
function timestamp(time: bigint, format: SyslogFormat): string {
  if (format === 'rfc5424') return formatTime((time / 1_000_000_000n) * 1_000_000_000n)
  const micro = formatTime((time / 1000n) * 1000n)
  return micro.includes('.')
    ? micro.replace(/\.(\d+)Z/, (_, digits: string) => `.${digits.padEnd(6, '0')}Z`)
    : micro.replace('Z', '.000000Z')
}

const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

/** RFC 3164 knows no zone: it is the local time of the sender. */
function oldTimestamp(time: bigint): string {
  const date = new Date(Number(time / 1_000_000n))
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()]
  const day = String(date.getDate()).padStart(2, ' ')
  return `${months[date.getMonth()]} ${day} ${clock.map((part) => String(part).padStart(2, '0')).join(':')}`
}
