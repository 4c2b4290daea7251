// What daemon.json and flags say for containers that do not say it themselves: words
// become ContainerDefaults, or one line about the word that is wrong.
//
// Called by options.ts. Next: engine/daemon/container/defaults.ts

import { existsSync, readFileSync } from 'node:fs'
import { EngineError } from '../errors.ts'
import { bytesOf } from '../size.ts'
import type { ConfigFile } from './config-file.ts'
import { builtinDefaults, type ContainerDefaults, type SpecDefaults } from './container/defaults.ts'
import { logConfigSchema } from './logs/driver.ts'
import { checkOptions } from './logs/options.ts'

export const defaultFlags = {
  'default-runtime': { type: 'string' },
  'log-driver': { type: 'string' },
  'log-opt': { type: 'string', multiple: true },
  'default-ulimit': { type: 'string', multiple: true },
  'default-shm-size': { type: 'string' },
  'default-ipc-mode': { type: 'string' },
  'default-cgroupns-mode': { type: 'string' },
  init: { type: 'boolean' },
  'init-path': { type: 'string' },
  /** Docker's flag is --no-new-privileges, which Node reads as a "no" to this. */
  'new-privileges': { type: 'boolean' },
  'seccomp-profile': { type: 'string' },
} as const

interface DefaultWords {
  'default-runtime'?: string
  'log-driver'?: string
  'log-opt'?: string[]
  'default-ulimit'?: string[]
  'default-shm-size'?: string
  'default-ipc-mode'?: string
  'default-cgroupns-mode'?: string
  init?: boolean
  'init-path'?: string
  'new-privileges'?: boolean
  'seccomp-profile'?: string
}

/** @param runtimes names that `--runtime` knows @throws EngineError `invalid` */
export function readDefaults(
  given: DefaultWords,
  file: ConfigFile,
  runtimes: readonly string[],
): ContainerDefaults {
  const runtime = given['default-runtime'] ?? file['default-runtime'] ?? builtinDefaults.runtime
  if (runtime !== builtinDefaults.runtime && !runtimes.includes(runtime))
    throw new EngineError(
      'invalid',
      `default-runtime: there is no runtime "${runtime}"; there are ${['tocker', ...runtimes].join(', ')}`,
    )
  const cgroupnsMode = given['default-cgroupns-mode'] ?? file['default-cgroupns-mode']
  const shmSize = given['default-shm-size'] ?? file['default-shm-size']
  return {
    runtime,
    ...readLog(given, file),
    shmSize: shmSize === undefined ? builtinDefaults.shmSize : readBytes('default-shm-size', String(shmSize)),
    ipcMode: oneOf('default-ipc-mode', given['default-ipc-mode'] ?? file['default-ipc-mode'] ?? 'private', [
      'private',
      'shareable',
    ]),
    ...(cgroupnsMode === undefined
      ? {}
      : { cgroupnsMode: oneOf('default-cgroupns-mode', cgroupnsMode, ['private', 'host']) }),
    spec: readSpecDefaults(given, file),
  }
}

function readSpecDefaults(given: DefaultWords, file: ConfigFile): SpecDefaults {
  const initPath = given['init-path'] ?? file['init-path']
  if (initPath !== undefined && !existsSync(initPath))
    throw new EngineError('invalid', `init-path: there is no ${initPath}`)
  const profile = given['seccomp-profile'] ?? file['seccomp-profile'] ?? ''
  return {
    defaultUlimits: given['default-ulimit']?.map(readUlimit) ?? Object.values(file['default-ulimits'] ?? {}),
    init: given.init ?? file.init ?? false,
    ...(initPath === undefined ? {} : { initPath }),
    noNewPrivileges:
      given['new-privileges'] === undefined ? (file['no-new-privileges'] ?? false) : !given['new-privileges'],
    ...(profile === '' || profile === 'builtin' ? {} : { seccompProfile: readProfile(profile) }),
  }
}

function readLog(given: DefaultWords, file: ConfigFile): Pick<ContainerDefaults, 'logDriver' | 'logOptions'> {
  const name = given['log-driver'] ?? file['log-driver'] ?? builtinDefaults.logDriver
  const driver = logConfigSchema.shape.driver.safeParse(name)
  if (!driver.success) throw new EngineError('invalid', `log-driver: there is no "${name}"`)
  const logOptions = given['log-opt']
    ? Object.fromEntries(given['log-opt'].map(readPair))
    : (file['log-opts'] ?? {})
  checkOptions(driver.data, logOptions)
  return { logDriver: driver.data, logOptions }
}

function readPair(text: string): [string, string] {
  const at = text.indexOf('=')
  if (at < 1) throw new EngineError('invalid', `--log-opt ${text}: it is name=value`)
  return [text.slice(0, at), text.slice(at + 1)]
}

/** `nofile=1024:2048`; one number is both. */
function readUlimit(text: string): SpecDefaults['defaultUlimits'][number] {
  const [, Name = '', soft = '', hard = soft] = /^([a-z]+)=(-?\d+)(?::(-?\d+))?$/.exec(text) ?? []
  if (Name === '') throw new EngineError('invalid', `--default-ulimit ${text}: it is name=soft[:hard]`)
  return { Name, Soft: Number(soft), Hard: Number(hard) }
}

function readBytes(name: string, text: string): number {
  const bytes = bytesOf(text)
  if (bytes === undefined) throw new EngineError('invalid', `${name}: "${text}" is no size: it is one as 64M`)
  return bytes
}

function oneOf<const Word extends string>(name: string, text: string, words: readonly Word[]): Word {
  const found = words.find((word) => word === text)
  if (found === undefined) throw new EngineError('invalid', `${name}: "${text}": it is ${words.join(' or ')}`)
  return found
}

/** Its text, or `unconfined`. What is in it is looked at when a container is made. */
function readProfile(path: string): string {
  if (path === 'unconfined') return path
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new EngineError('invalid', `seccomp-profile ${path}`, { cause })
  }
}
