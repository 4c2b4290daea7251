// What of the flags of `tocker run` counts for a container of a directory. Pure.
import { type Flags, UsageError } from '../flags.ts'
import { parseRam } from '../quantity.ts'
import type { RunFlags } from './run-config.ts'

const known = [
  ...['rootfs', 'layer', 'explain', 'memory', 'pids-limit', 'hostname', 'workdir', 'env', 'network'],
  ...['read-only', 'interactive', 'tty', 'rm'],
]

/** The others are the daemon's work. @throws UsageError */
export function refuseOthers(flags: Flags): void {
  const given = flags.names().find((name) => !known.includes(name))
  if (given !== undefined)
    throw new UsageError(`--${given} is for a container of an image: leave --rootfs out, or --${given}`)
}

/** What the kernel is asked for. @throws UsageError */
export function readRunFlags(flags: Flags): RunFlags {
  const memory = flags.value('memory', parseBytes)
  const pidsLimit = flags.value('pids-limit', parseCount)
  const hostname = flags.text('hostname')
  const workdir = flags.value('workdir', parseDirectory)
  return {
    ...(memory === undefined ? {} : { memory }),
    ...(pidsLimit === undefined ? {} : { pidsLimit }),
    ...(hostname === undefined ? {} : { hostname }),
    ...(workdir === undefined ? {} : { workdir }),
    env: flags.values('env', parseEnv),
    network: flags.value('network', parseNetwork) ?? 'none',
    readOnly: flags.on('read-only'),
  }
}

/** @throws RangeError below 1 MiB, where no process starts */
function parseBytes(text: string): number {
  const bytes = parseRam(text)
  if (bytes < 1024 ** 2) throw new RangeError('no process starts in less than 1m')
  return bytes
}

function parseCount(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new RangeError('it is a whole number from 1')
  return Number(text)
}

/** A relative one would mean another directory to everybody who reads it. */
function parseDirectory(text: string): string {
  if (!text.startsWith('/')) throw new RangeError('it is a path that begins with /')
  return text
}

function parseNetwork(text: string): 'none' | 'host' {
  if (text !== 'none' && text !== 'host') throw new RangeError('with --rootfs it is none or host')
  return text
}

/** `NAME=value`, or `NAME` for the value that it has here. */
function parseEnv(text: string): readonly [name: string, value: string] {
  const [, name = '', value] = /^([^=]+)(?:=([\s\S]*))?$/.exec(text) ?? []
  if (name === '') throw new RangeError('it is NAME=value')
  return [name, value ?? process.env[name] ?? '']
}
