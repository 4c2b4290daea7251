// What is known of a container between two commands: root/<id>/state.json.
//
//   /run/tocker-runtime/          --root; gone with the next boot, as the containers are
//     web/                        made by `create`: the name is taken from here on
//       state.json                this file's record
//       go, result                FIFOs on which init waits until `start` (handshake.ts)
//
// There is no daemon: each command reads the record, asks the kernel what has
// become of it (status.ts), acts, and ends. `create` writes it three times: when
// the name is taken, when there is a process, and when that is ready.
//
// state.json is replaced by rename(2), so a reader sees the old one or the new
// one, and `state` and `list` need no lock.
//
// Next: engine/libcontainer/status.ts
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { EngineError } from '../errors.ts'
import type { Config } from './config/config.ts'
import { identify, type ProcessIdentity } from './process-identity.ts'

/** The record. Whoever may write it, root, could as well replace the runtime: it is checked for damage only. */
export interface RuntimeState {
  ociVersion: string
  id: string
  /** `creating` until init is ready. With a dead creator: half-made, and only `delete` can end that. */
  phase: 'creating' | 'created'
  /** The command that makes it. */
  creator: ProcessIdentity
  /** The container's PID 1; left out before it is born. */
  init?: ProcessIdentity
  /** Absolute paths. */
  bundle: string
  rootfs: string
  /** RFC 3339. */
  created: string
  /** User id of who made it. */
  owner: number
  /** As it was at `create`: "any updates to config.json after this step MUST NOT affect the container". */
  config: Config
  /** Directories of its cgroup by controller; the empty name for cgroup v2's one tree. */
  cgroupPaths: Record<string, string>
  /** Its namespaces by type: `/proc/4711/ns/net`. */
  namespacePaths: Record<string, string>
}

/** @throws EngineError `invalid` for what cannot be the name of a directory */
export function checkId(id: string): void {
  if (id === '') throw new EngineError('invalid', 'container id cannot be empty')
  if (!/^[\w+\-.]+$/.test(id) || id === '.' || id === '..')
    throw new EngineError('invalid', 'invalid container ID format')
  // NAME_MAX: mkdir(2) would say ENAMETOOLONG.
  if (id.length > 255) throw new EngineError('invalid', 'invalid container ID format: longer than 255 bytes')
}

export function containerDirectory(root: string, id: string): string {
  checkId(id)
  return join(root, id)
}

/**
 * Takes the name, with a first record. Made beside and renamed: a directory of
 * that name has a record at every moment, so nobody takes one that is being made
 * for the rest of one that was killed. rename(2) onto a directory with anything
 * in it fails (ENOTEMPTY), so of two `create`s of one name one gets it.
 * @returns the container's directory
 * @throws EngineError `conflict` when the name is taken
 */
export function reserveName(root: string, state: RuntimeState): string {
  const directory = containerDirectory(root, state.id)
  const beside = join(root, `${unfinished}${state.id}.${process.pid}`)
  try {
    // Configs may hold secrets in their environment: nobody else may look.
    mkdirSync(root, { recursive: true, mode: 0o700 })
    rmSync(beside, { recursive: true, force: true })
    mkdirSync(beside, { mode: 0o711 })
    writeRecord(beside, state)
    renameSync(beside, directory)
    return directory
  } catch (cause) {
    rmSync(beside, { recursive: true, force: true })
    if (['EEXIST', 'ENOTEMPTY'].includes(codeOf(cause)))
      throw new EngineError('conflict', 'container with given ID already exists')
    throw new EngineError('forbidden', `make the state directory ${directory}`, { cause })
  }
}

/** Begins the name of a directory that is being made; no id has this letter. */
const unfinished = '~'

/** The end of the container: from here on its name is free. */
export function removeContainerDirectory(root: string, id: string): void {
  rmSync(containerDirectory(root, id), { recursive: true, force: true })
  // Of a `create` that was killed before it had the name.
  for (const name of namesIn(root)) {
    const pid = new RegExp(`^${unfinished}(.*)\\.(\\d+)$`).exec(name)
    if (pid?.[1] === id && !identify(Number(pid[2])))
      rmSync(join(root, name), { recursive: true, force: true })
  }
}

/** Old or new, never half: written beside, then renamed. */
export function saveState(root: string, state: RuntimeState): void {
  try {
    writeRecord(containerDirectory(root, state.id), state)
  } catch (cause) {
    throw new EngineError('internal', `save the state of container ${state.id}`, { cause })
  }
}

function writeRecord(directory: string, state: RuntimeState): void {
  const temporary = join(directory, `.state.json.${process.pid}`)
  try {
    const fd = openSync(temporary, 'w', 0o600)
    try {
      const bytes = Buffer.from(JSON.stringify(state))
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
    } finally {
      closeSync(fd)
    }
    // No fsync(2): the record lives as long as the machine is up, as the container does.
    renameSync(temporary, join(directory, 'state.json'))
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

/**
 * @throws EngineError `not-found` when there is no such container, or only its
 * directory: a `create` that was killed before its first record. `delete --force`
 * takes that away too.
 */
export function loadState(root: string, id: string): RuntimeState {
  const path = join(containerDirectory(root, id), 'state.json')
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(cause)))
      throw new EngineError('not-found', 'container does not exist')
    throw new EngineError('internal', `read ${path}`, { cause })
  }
  const value = parse(text)
  if (isState(value) && value.id === id) return value
  throw new EngineError('internal', `${path} is damaged: 'delete --force ${id}' removes the container`)
}

/** Names of all containers under `root`, half-made ones as well, sorted. */
export function listIds(root: string): string[] {
  return namesIn(root)
    .filter((name) => !name.startsWith(unfinished))
    .sort()
}

function namesIn(root: string): string[] {
  try {
    return readdirSync(root, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return []
    throw new EngineError('forbidden', `read the state directory ${root}`, { cause })
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

// By hand and not by a schema: loading zod would cost `state` and `kill`, which
// managers call for every container, a third of their time (9 ms of 35).
function isState(value: unknown): value is RuntimeState {
  if (!isObject(value)) return false
  const { id, phase, creator, init, bundle, rootfs, created, owner, config } = value
  return (
    [value.ociVersion, id, bundle, rootfs, created].every((one) => typeof one === 'string') &&
    (phase === 'creating' || phase === 'created') &&
    isIdentity(creator) &&
    (init === undefined || isIdentity(init)) &&
    typeof owner === 'number' &&
    [config, value.cgroupPaths, value.namespacePaths].every(isObject)
  )
}

function isIdentity(value: unknown): boolean {
  return isObject(value) && Number.isInteger(value.pid) && Number.isInteger(value.startTime)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
