// `--change 'CMD ["sh"]'` of commit and import: one Dockerfile instruction that says
// something about the image and runs nothing.
//
// Pure: a config in, another out. Which instructions, and their words when they are wrong,
// are Docker's (builder/dockerfile, BuildFromConfig).
import { posix } from 'node:path'
import { EngineError } from '../errors.ts'
import { dockerfileWords, expandText } from './dockerfile-words.ts'
import { healthcheck } from './healthcheck.ts'
import type { RunConfig } from './image-config.ts'

type Change = (config: RunConfig, rest: string, environment: Record<string, string>) => Partial<RunConfig>

const changes: Readonly<Record<string, Change>> = {
  CMD: (config, rest) => ({ Cmd: command(config, rest) }),
  // The command of before was meant for another entry point.
  ENTRYPOINT: (config, rest) => ({ Entrypoint: command(config, rest), Cmd: null }),
  ENV: ({ Env }, rest, environment) => ({ Env: merge(Env ?? [], pairs('ENV', rest, environment)) }),
  EXPOSE: ({ ExposedPorts }, rest, environment) => ({
    ExposedPorts: { ...ExposedPorts, ...empty(dockerfileWords(rest, environment).flatMap(ports)) },
  }),
  HEALTHCHECK: (config, rest) => ({ Healthcheck: healthcheck(rest, (text) => command(config, text)) }),
  LABEL: ({ Labels }, rest, environment) => ({
    Labels: { ...Labels, ...Object.fromEntries(pairs('LABEL', rest, environment)) },
  }),
  ONBUILD: ({ OnBuild }, rest) => ({ OnBuild: [...(OnBuild ?? []), onBuild(rest)] }),
  STOPSIGNAL: (_, rest, environment) => ({ StopSignal: one('STOPSIGNAL', rest, environment) }),
  USER: (_, rest, environment) => ({ User: one('USER', rest, environment) }),
  VOLUME: ({ Volumes }, rest, environment) => ({
    Volumes: { ...Volumes, ...empty(volumes(rest, environment)) },
  }),
  WORKDIR: ({ WorkingDir }, rest, environment) => ({
    // Relative to the one before, as `cd` is.
    WorkingDir: posix.resolve('/', WorkingDir ?? '', one('WORKDIR', rest, environment)),
  }),
}

/** @throws EngineError `invalid` naming the instruction and what is wrong with it */
export function applyChanges(config: RunConfig, instructions: readonly string[]): RunConfig {
  let result = config
  let hasCommand = false
  for (const line of instructions) {
    const [, name = '', rest = ''] = /^\s*(\S+)\s*([\s\S]*?)\s*$/.exec(line) ?? []
    const key = name.toUpperCase()
    const change = Object.hasOwn(changes, key) ? changes[key] : undefined
    if (change === undefined)
      throw new EngineError('invalid', `${JSON.stringify(name)} is not a valid change command`)
    if (rest === '') throw new EngineError('invalid', `${key} requires at least one argument`)
    const { Cmd } = result
    result = { ...result, ...change(result, rest, environmentOf(result)) }
    // But one that stands before it among the changes was meant for this one.
    if (key === 'ENTRYPOINT' && hasCommand && Cmd !== undefined) result = { ...result, Cmd }
    hasCommand ||= key === 'CMD'
  }
  return result
}

function environmentOf({ Env }: RunConfig): Record<string, string> {
  return Object.fromEntries((Env ?? []).map(split))
}

function split(pair: string): [name: string, value: string] {
  const equals = pair.indexOf('=')
  return equals === -1 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)]
}

/** `["a", "b"]` is the program and its arguments; anything else goes to a shell. */
function command({ Shell }: RunConfig, rest: string): string[] {
  return jsonArray(rest) ?? [...(Shell ?? ['/bin/sh', '-c']), rest]
}

function jsonArray(rest: string): string[] | undefined {
  if (!rest.startsWith('[')) return undefined
  try {
    const value: unknown = JSON.parse(rest)
    return Array.isArray(value) && value.every((word) => typeof word === 'string') ? value : undefined
  } catch {
    // `[ -f x ]` is a command.
    return undefined
  }
}

/** `a=1 b=2`, or the old `a the rest of the line`. */
function pairs(instruction: string, rest: string, environment: Record<string, string>): [string, string][] {
  const [first = ''] = /^\S+/.exec(rest) ?? []
  if (!first.includes('=')) {
    const value = rest.slice(first.length).trim()
    if (value === '') throw new EngineError('invalid', `${instruction} must have two arguments`)
    return [[expandText(first, environment), expandText(value, environment)]]
  }
  return dockerfileWords(rest, environment).map((word) => {
    const [name, value] = split(word)
    if (!word.includes('='))
      throw new EngineError(
        'invalid',
        `Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`,
      )
    if (name === '') throw new EngineError('invalid', `${instruction} names can not be blank`)
    return [name, value]
  })
}

/** A name that is there keeps its place. */
function merge(before: readonly string[], added: readonly [string, string][]): string[] {
  const result = [...before]
  for (const [name, value] of added) {
    const at = result.findIndex((pair) => split(pair)[0] === name)
    result.splice(at === -1 ? result.length : at, at === -1 ? 0 : 1, `${name}=${value}`)
  }
  return result
}

function ports(word: string): string[] {
  const [, first = '', last = first, protocol = 'tcp'] =
    /^(\d+)(?:-(\d+))?(?:\/(tcp|udp|sctp))?$/i.exec(word) ?? []
  const [from, to] = [Number(first), Number(last)]
  if (first === '' || from < 1 || to > 65535 || from > to)
    throw new EngineError('invalid', `invalid containerPort: ${word}`)
  return Array.from({ length: to - from + 1 }, (_, index) => `${from + index}/${protocol.toLowerCase()}`)
}

function volumes(rest: string, environment: Record<string, string>): string[] {
  const paths = jsonArray(rest) ?? dockerfileWords(rest, environment)
  if (paths.some((path) => path.trim() === ''))
    throw new EngineError('invalid', 'VOLUME specified can not be an empty string')
  return paths
}

function onBuild(rest: string): string {
  const instruction = /^\S+/.exec(rest)?.[0].toUpperCase() ?? ''
  if (instruction === 'ONBUILD')
    throw new EngineError('invalid', "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")
  if (['FROM', 'MAINTAINER'].includes(instruction))
    throw new EngineError('invalid', `${instruction} isn't allowed as an ONBUILD trigger`)
  return rest
}

function one(instruction: string, rest: string, environment: Record<string, string>): string {
  if (instruction === 'WORKDIR') return expandText(rest, environment)
  const words = dockerfileWords(rest, environment)
  const [word] = words
  if (word === undefined || words.length > 1)
    throw new EngineError('invalid', `${instruction} requires exactly one argument`)
  return word
}

function empty(keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(keys.map((key) => [key, {}]))
}
