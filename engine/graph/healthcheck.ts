// HEALTHCHECK: `--interval=5s CMD curl -f http://localhost/`, or NONE.
//
// Pure. Called by config-change.ts.
import { EngineError } from '../errors.ts'
import type { RunConfig } from './image-config.ts'

type Healthcheck = NonNullable<RunConfig['Healthcheck']>

const durations: Readonly<Record<string, keyof Healthcheck & string>> = {
  interval: 'Interval',
  timeout: 'Timeout',
  'start-period': 'StartPeriod',
  'start-interval': 'StartInterval',
}
/** Nanoseconds. */
const units: Readonly<Record<string, number>> = { h: 3.6e12, m: 6e10, s: 1e9, ms: 1e6, us: 1e3, ns: 1 }

/** @param command turns what follows CMD into words */
export function healthcheck(rest: string, command: (text: string) => string[]): Healthcheck {
  const check: Record<string, unknown> = {}
  let left = rest
  for (let flag = next(left); flag !== undefined; flag = next(left)) {
    left = left.slice(flag.length).trimStart()
    Object.assign(check, option(flag.trim()))
  }
  const [, kind = '', text = ''] = /^(\S+)\s*([\s\S]*)$/.exec(left) ?? []
  if (kind.toUpperCase() === 'NONE' && text === '') return { Test: ['NONE'] }
  if (kind.toUpperCase() !== 'CMD')
    throw new EngineError('invalid', `Unknown type ${JSON.stringify(kind)} in HEALTHCHECK (try CMD)`)
  if (text === '') throw new EngineError('invalid', 'Missing command after HEALTHCHECK CMD')
  const words = command(text)
  return { ...check, Test: text.startsWith('[') ? ['CMD', ...words] : ['CMD-SHELL', text] }
}

function next(text: string): string | undefined {
  return /^--\S+\s*/.exec(text)?.[0]
}

function option(flag: string): Record<string, number> {
  const [, name = '', value = ''] = /^--([a-z-]+)=(.*)$/.exec(flag) ?? []
  if (name === 'retries' && /^\d+$/.test(value)) return { Retries: Number(value) }
  const field = Object.hasOwn(durations, name) ? durations[name] : undefined
  if (field === undefined || !/^(\d+(\.\d+)?(h|m|s|ms|us|ns))+$/.test(value))
    throw new EngineError('invalid', `HEALTHCHECK cannot read ${JSON.stringify(flag)}`)
  const parts = [...value.matchAll(/([\d.]+)(h|ms|m|us|ns|s)/g)]
  return { [field]: parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (units[unit] ?? 0), 0) }
}
