// One line for the kernel, and who asked for it.
//
// What config.json asks of cgroups becomes a list of settings first (settings-v1.ts
// and settings-v2.ts, pure), and is written then (here). So one place knows what to
// say when the kernel does not take one, and a test can compare lists without root.
//
// Next: engine/libcontainer/cgroups/convert.ts
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { EngineError } from '../../errors.ts'
import { readKernelFile, writeKernelFile } from '../../syscalls/file.ts'
import type { Resources } from '../config/resources.ts'

/** Where in config.json the settings stand: `$.linux.resources`. */
export const resourcesPath = '$.linux.resources'

export interface Setting {
  /** Whose file it is: `memory`. */
  controller: string
  /** `memory.max`. */
  file: string
  value: string
  /** Where config.json asks for it: `$.linux.resources.memory.limit`. */
  asked: string
  /** Why the file may be missing on a host that has the controller. */
  needs?: string
  /** The value is what a kernel without this file does anyway. */
  needless?: boolean
}

/** Throws what a part of config.json cannot have on this host, with its path. */
export function refuse(asked: string, reason: string, cause?: unknown): never {
  throw new EngineError('unavailable', `${asked}: ${reason}`, { cause })
}

/** The text of a file in a cgroup; undefined when there is none. */
export function readIfThere(directory: string, file: string): string | undefined {
  try {
    return readKernelFile(join(directory, file)).trimEnd()
  } catch {
    return undefined
  }
}

/**
 * Writes them, in their order.
 *
 * The kernel checks each against what stands beside it: a memory limit above that
 * of memory+swap is EINVAL, and so is one of memory+swap below that of memory. So
 * raising both needs the one order, lowering both the other; the same holds for CPU
 * quota, period and burst. What was refused is tried once more after the rest,
 * which is right in every case, and asks nothing about what was there before.
 *
 * @param directoryOf the cgroup whose file it is, or why there is none
 */
export function writeSettings(
  settings: readonly Setting[],
  directoryOf: (controller: string) => { path: string } | { missing: string },
): void {
  const refused: Setting[] = []
  for (const setting of settings) {
    const place = directoryOf(setting.controller)
    if ('missing' in place) {
      if (setting.needless) continue
      refuse(setting.asked, place.missing)
    }
    const path = join(place.path, setting.file)
    // Asked first: open(2) of a missing file in cgroupfs gives EACCES, as if rights were missing.
    if (!existsSync(path)) {
      if (setting.needless) continue
      const needs = setting.needs === undefined ? '' : ` (it takes ${setting.needs})`
      refuse(setting.asked, `this kernel has no ${setting.file}${needs}`)
    }
    try {
      writeKernelFile(path, setting.value)
    } catch (error) {
      if (codeOf(error) !== 'EINVAL') throw notTaken(setting, path, error)
      refused.push(setting)
    }
  }
  for (const setting of refused) {
    const place = directoryOf(setting.controller)
    if ('missing' in place) continue
    const path = join(place.path, setting.file)
    try {
      writeKernelFile(path, setting.value)
    } catch (error) {
      throw notTaken(setting, path, error)
    }
  }
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

const hints: Readonly<Record<string, string>> = {
  EBUSY: ': more than that is in use, and cannot be reclaimed',
  ENODEV: ': no such device here',
  ERANGE: ': out of range',
  EACCES: ': it is not ours to change',
  EPERM: ': it is not ours to change',
}

function notTaken(setting: Setting, path: string, cause: unknown): EngineError {
  const code = codeOf(cause)
  const kind = code === 'EACCES' || code === 'EPERM' ? 'forbidden' : 'invalid'
  const hint = hints[code] ?? ''
  return new EngineError(kind, `${setting.asked}: write ${JSON.stringify(setting.value)} to ${path}${hint}`, {
    cause,
  })
}

/**
 * The first limit that is asked for, by its path; devices are not counted.
 * `{}`, 0, false and "" ask for nothing: managers write them for what they leave open.
 */
export function firstLimit(resources: Resources): string | undefined {
  const { devices: _, ...limits } = resources
  return firstLeaf(limits, resourcesPath)
}

function firstLeaf(value: unknown, path: string): string | undefined {
  if (typeof value !== 'object' || value === null)
    return value === undefined || value === null || value === 0 || value === '' || value === false
      ? undefined
      : path
  for (const [name, part] of Object.entries(value)) {
    const found = firstLeaf(part, Array.isArray(value) ? `${path}[${name}]` : `${path}.${name}`)
    if (found !== undefined) return found
  }
  return undefined
}
