// What a rule is given to look at, and where it writes what it found.
//
// A config that the schema refuses is inspected all the same, without the
// sections that could not be read: ten mistakes of two kinds are told together.
// `has` and `broken` keep a rule from blaming what stands in an unread section.
import { type Stats, statSync } from 'node:fs'
import * as z from 'zod/mini'
import type { Path } from '../../violation.ts'
import { configSchema } from './config.ts'
import type { Namespace } from './linux.ts'
import { processSchema } from './process.ts'

/** A config of which each section may be missing. */
export type Draft = z.infer<ReturnType<typeof draftSchema>>

/** Made when it is needed only: when a config was refused. */
export function draftSchema() {
  return z.partial(z.extend(configSchema, { process: z.exactOptional(z.partial(processSchema)) }))
}

export interface Inspection {
  config: Draft
  /** Absolute path of the bundle: what root.path is relative to. */
  bundle: string
  /** A violation: the container is not made. */
  report(path: Path, reason: string): void
  /** What the specification wants said, and not refused. */
  warn(line: string): void
  /** Has this section, `linux.namespaces`, been left out because it could not be read? */
  broken(section: string): boolean
}

/** Has the container a namespace of this kind that is not the host's? Joined ones count. */
export function hasNamespace({ config, broken }: Inspection, type: Namespace['type']): boolean {
  if (broken('linux') || broken('linux.namespaces')) return true
  return (config.linux?.namespaces ?? []).some((one) => one.type === type)
}

/** Sections end here: one is left out whole when anything inside it is wrong. */
export function sectionOf(path: Path): Path {
  if (path[0] === 'linux') return path.slice(0, path[1] === 'resources' ? 3 : 2)
  return path.slice(0, path[0] === 'process' ? 2 : 1)
}

/** stat(2) of a file of the host; undefined when it cannot be reached, for whichever reason. */
export function hostFile(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch {
    return undefined
  }
}
