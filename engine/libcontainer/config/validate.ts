// The door through which config.json comes in. Nothing is touched, no directory
// made and no cgroup, before every line of it has been found good.
//
// Three steps: it is JSON of a sane size; it fits the schema (config.ts and the
// files beside it); it obeys the rules that a schema cannot say, since they are
// about two places at once, or about the host (rules/). OCI runtime
// specification 1.2, config.md and config-linux.md, and what runc refuses.
//
// Called by `create`, `run`, `exec -p` and `update -r`; by nothing in init, which
// gets what passed here.
//
// Next: engine/libcontainer/config/rules/namespaces.ts
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type * as z from 'zod/mini'
import { EngineError } from '../../errors.ts'
import { type Path, reasonOf, Violations } from '../../violation.ts'
import { type Config, configSchema } from './config.ts'
import { draftSchema, type Inspection, sectionOf } from './inspection.ts'
import { type Process, processSchema } from './process.ts'
import { type Resources, resourcesSchema } from './resources.ts'
import { inspectDevices } from './rules/devices.ts'
import { inspectHooks } from './rules/hooks.ts'
import { inspectLinux } from './rules/linux.ts'
import { inspectMounts } from './rules/mounts.ts'
import { inspectNamespaces } from './rules/namespaces.ts'
import { inspectProcess } from './rules/process.ts'
import { inspectResources } from './rules/resources.ts'
import { inspectRoot, inspectVersion } from './rules/root.ts'
import { inspectSeccomp } from './rules/seccomp.ts'

/** Docker's own, with its long seccomp section, has 100 kB. */
const largest = 4 * 1024 ** 2
/** JSON.parse() takes any depth; what walks the result would overflow the stack. */
const deepest = 64

type Warn = (line: string) => void

const rules: readonly ((inspection: Inspection) => void)[] = [
  inspectVersion,
  inspectRoot,
  inspectProcess,
  inspectNamespaces,
  inspectMounts,
  inspectDevices,
  inspectLinux,
  (inspection) => inspectResources(inspection, ['linux', 'resources']),
  inspectSeccomp,
  inspectHooks,
]

/**
 * config.json of a bundle, read and validated.
 * @throws EngineError `not-found` without the file, `invalid` with every violation by JSON path
 */
export function loadConfig(bundle: string, warn: Warn = () => {}): Config {
  return validateConfig(readText(join(bundle, 'config.json')), bundle, warn)
}

/** @param bundle what a relative root.path is relative to */
export function validateConfig(text: string, bundle: string, warn: Warn = () => {}): Config {
  const violations = new Violations()
  const value = parse(text, 'config.json', violations)
  const result = configSchema.safeParse(value, { reportInput: true })
  const issues = result.success ? [] : result.error.issues
  for (const { path, reason } of flatten(issues)) violations.add(path, reason)
  const left = new Set(issues.map((issue) => sectionOf(issue.path).join('.')))
  const config = result.success ? result.data : readable(value, issues)
  for (const inspect of rules) {
    inspect({
      config,
      bundle: resolve(bundle),
      report: (path, reason) => violations.add(path, reason),
      warn,
      broken: (section) => left.has(section) || left.has(''),
    })
  }
  violations.throwIfAny('config.json')
  // Violations are none, so this is the branch that parsed; it is asked again to please the compiler.
  return result.success ? result.data : configSchema.parse(value)
}

/** process.json, as `exec --process` takes it: the `process` of a config, alone. */
export function validateProcess(text: string, warn: Warn = () => {}): Process {
  return validatePart(text, 'process.json', processSchema, (process, report) =>
    inspectProcess({
      config: { process },
      bundle: '/',
      report: (path, reason) => report(path.slice(1), reason),
      warn,
      broken: () => false,
    }),
  )
}

/** What `update --resources` takes: the `linux.resources` of a config, alone. */
export function validateResources(text: string): Resources {
  return validatePart(text, 'resources', resourcesSchema, (resources, report) =>
    inspectResources(
      { config: { linux: { resources } }, bundle: '/', report, warn: () => {}, broken: () => false },
      [],
    ),
  )
}

function validatePart<T>(
  text: string,
  file: string,
  schema: z.ZodMiniType<T>,
  inspect: (part: T, report: Inspection['report']) => void,
): T {
  const violations = new Violations()
  const result = schema.safeParse(parse(text, file, violations), { reportInput: true })
  if (result.success) inspect(result.data, (path, reason) => violations.add(path, reason))
  else for (const { path, reason } of flatten(result.error.issues)) violations.add(path, reason)
  violations.throwIfAny(file)
  if (!result.success) throw new EngineError('invalid', `${file}: $: it does not fit the schema`)
  return result.data
}

function readText(path: string): string {
  let fd: number
  try {
    // A FIFO in its place: without O_NONBLOCK, open(2) would wait for a writer for ever.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (cause) {
    throw new EngineError('not-found', `JSON specification file ${path} not found`, { cause })
  }
  try {
    // /dev/zero would never end.
    const info = fstatSync(fd)
    if (!info.isFile()) throw new EngineError('invalid', `${path}: $: it is not a regular file`)
    if (info.size > largest) throw new EngineError('invalid', `${path}: $: ${tooLarge(info.size)}`)
    return readFileSync(fd, 'utf8')
  } finally {
    closeSync(fd)
  }
}

function tooLarge(size: number): string {
  return `it has ${(size / 1024 ** 2).toFixed(1)} MiB, and ${largest / 1024 ** 2} is the most`
}

function parse(text: string, file: string, violations: Violations): unknown {
  if (text.length > largest) violations.add([], tooLarge(text.length))
  else if (text.trim() === '') violations.add([], 'it is empty')
  violations.throwIfAny(file)
  try {
    return withoutNulls(JSON.parse(text), [])
  } catch (error) {
    if (error instanceof EngineError) throw error
    violations.add([], `it is not JSON: ${error instanceof Error ? error.message : error}`)
    violations.throwIfAny(file)
    throw error
  }
}

/**
 * `"mounts": null` means what leaving it out means: Go writes empty slices that
 * way, and managers are written in Go. In a list, null stays, and is refused.
 */
function withoutNulls(value: unknown, path: Path): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (path.length > deepest) {
    const violations = new Violations()
    violations.add(path.slice(0, 3), `it is nested deeper than ${deepest} levels`)
    violations.throwIfAny('config.json')
  }
  if (Array.isArray(value)) return value.map((one, index) => withoutNulls(one, [...path, index]))
  // fromEntries() and not assignment: a property named __proto__ stays a property.
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, one]) => one !== null)
      .map(([name, one]) => [name, withoutNulls(one, [...path, name])]),
  )
}

/** What can be read of a config that the schema refuses. */
function readable(value: unknown, issues: readonly z.core.$ZodIssue[]): Inspection['config'] {
  const rest: unknown = structuredClone(value)
  for (const issue of issues) {
    const section = sectionOf(issue.path)
    let holder: unknown = rest
    for (const step of section.slice(0, -1)) holder = property(holder, step)
    const last = section.at(-1)
    if (typeof holder === 'object' && holder !== null && last !== undefined)
      Reflect.deleteProperty(holder, last)
  }
  const result = draftSchema().safeParse(rest)
  return result.success ? result.data : {}
}

function property(holder: unknown, name: PropertyKey): unknown {
  return typeof holder === 'object' && holder !== null ? Reflect.get(holder, name) : undefined
}

/** A union complains once for each of its branches; the first branch's complaints are the useful ones. */
function flatten(issues: readonly z.core.$ZodIssue[]): { path: Path; reason: string }[] {
  return issues.flatMap((issue) => {
    if (issue.code === 'invalid_union')
      return flatten(issue.errors[0] ?? []).map(({ path, reason }) => ({
        path: [...issue.path, ...path],
        reason,
      }))
    return [{ path: issue.path, reason: reasonOf(issue) }]
  })
}
