// `--log-opt`: what each driver takes, and what it means. Pure; the errors are Docker's words.
//
// Next: engine/daemon/logs/open.ts

import { EngineError } from '../../errors.ts'
import { bytesOf } from '../../size.ts'
import type { LogConfig } from './driver.ts'
import type { RotationOptions } from './rotate.ts'

type Options = LogConfig['options']
type Info = LogConfig['info']

const attributes = ['labels', 'labels-regex', 'env', 'env-regex', 'tag']
const rotation = ['max-file', 'max-size', 'compress']

/** Of every driver: those for the daemon's own buffer, which needs no such choice here, are taken and mean nothing. */
const common = [
  'mode',
  'max-buffer-size',
  'cache-disabled',
  'cache-max-size',
  'cache-max-file',
  'cache-compress',
]

const known: Record<LogConfig['driver'], readonly string[]> = {
  'json-file': [...rotation, ...attributes],
  local: rotation,
  none: [],
  journald: attributes,
  syslog: [
    ...attributes,
    'syslog-address',
    'syslog-facility',
    'syslog-format',
    'syslog-tls-ca-cert',
    'syslog-tls-cert',
    'syslog-tls-key',
    'syslog-tls-skip-verify',
  ],
}

/** @throws EngineError `invalid` for a name that the driver does not know */
export function checkOptions(driver: LogConfig['driver'], options: Options): void {
  const wrong = Object.keys(options).find((name) => ![...common, ...known[driver]].includes(name))
  // Docker names the driver in the one way or in the other.
  const whose = driver === 'local' ? 'log driver local' : `${driver} log driver`
  if (wrong !== undefined) throw new EngineError('invalid', `unknown log opt '${wrong}' for ${whose}`)
  if (!['', 'blocking', 'non-blocking'].includes(options.mode ?? ''))
    throw new EngineError('invalid', `logger: logging mode not supported: ${options.mode}`)
}

/** `10m` is ten million here, as Docker has it, and not 10485760. */
function parseSize(text: string): number {
  const bytes = bytesOf(text, 1000)
  if (bytes === undefined) throw new EngineError('invalid', `invalid size: '${text}'`)
  return bytes
}

function parseSwitch(name: string, text: string): boolean {
  if (/^(1|t|true)$/i.test(text)) return true
  if (/^(0|f|false)$/i.test(text)) return false
  throw new EngineError('invalid', `parsing "${text}" as ${name}: it is true or false`)
}

/** @throws EngineError `invalid` */
export function rotationOf(options: Options, defaults: RotationOptions): RotationOptions {
  const { 'max-size': size, 'max-file': files, compress: zip } = options
  // -1 is how one takes back a default of the daemon.
  const maxSize = size === undefined || size === '-1' ? undefined : parseSize(size)
  if (maxSize !== undefined && maxSize <= 0)
    throw new EngineError('invalid', 'max-size must be a positive number')
  const maxFiles = files === undefined ? defaults.maxFiles : Number(files)
  if (!Number.isInteger(maxFiles) || maxFiles < 1)
    throw new EngineError('invalid', 'max-file cannot be less than 1')
  const limit = size === '-1' ? undefined : (maxSize ?? defaults.maxSize)
  const compress = zip === undefined ? defaults.compress && maxFiles > 1 : parseSwitch('compress', zip)
  if (zip !== undefined && compress && (maxFiles < 2 || limit === undefined))
    throw new EngineError(
      'invalid',
      'compress cannot be true when max-file is less than 2 or max-size is not set',
    )
  return { ...(limit === undefined ? {} : { maxSize: limit }), maxFiles, compress }
}

/** What of the container's labels and environment goes along with each line. @throws EngineError `invalid` */
export function attributesOf(options: Options, info: Info): Record<string, string> {
  const env = Object.fromEntries(info.env.map((one) => splitAt(one, '=')))
  const tag = options.tag ? { tag: fillTag(options.tag, info) } : {}
  return {
    ...pick(info.labels, options.labels, options['labels-regex']),
    ...pick(env, options.env, options['env-regex']),
    ...tag,
  }
}

function splitAt(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

function pick(from: Readonly<Record<string, string>>, names = '', pattern = ''): Record<string, string> {
  const wanted = names.split(',').map((name) => name.trim())
  const matches = pattern === '' ? undefined : parsePattern(pattern)
  return Object.fromEntries(
    Object.entries(from).filter(([name]) => wanted.includes(name) || matches?.test(name) === true),
  )
}

function parsePattern(pattern: string): RegExp {
  try {
    return new RegExp(pattern)
  } catch (cause) {
    throw new EngineError('invalid', `the pattern "${pattern}" cannot be read`, { cause })
  }
}

/** `{{.Name}}/{{.ID}}`: those of Go's templates that logs use. @throws EngineError `invalid` */
export function fillTag(template: string, info: Info): string {
  const fields: Record<string, string> = {
    ID: info.id.slice(0, 12),
    FullID: info.id,
    Name: info.name.replace(/^\//, ''),
    ImageName: info.image,
    ImageID: info.imageId.replace(/^sha256:/, '').slice(0, 12),
    ImageFullID: info.imageId,
    Command: info.command,
    DaemonName: 'tocker',
  }
  return template.replace(/\{\{\s*(.*?)\s*\}\}/g, (_, expression: string) => {
    const value = fields[/^\.(\w+)$/.exec(expression)?.[1] ?? '']
    if (value === undefined)
      throw new EngineError(
        'invalid',
        `the tag has {{${expression}}}: it can have {{.${Object.keys(fields).join('}}, {{.')}}}`,
      )
    return value
  })
}
