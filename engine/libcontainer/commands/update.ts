// `update`: other limits for a container that runs.
//
// What is not named stays as it is. The record keeps the outcome, so the next
// `update` builds on it.
//
// Next: engine/libcontainer/cgroups/cgroup.ts

import { readFileSync } from 'node:fs'
import { EngineError } from '../../errors.ts'
import { bytesOf } from '../../size.ts'
import type { Resources } from '../config/resources.ts'
import { validateResources } from '../config/validate.ts'
import { lockContainer } from '../lock.ts'
import { loadState, saveState } from '../state.ts'
import type { Flag, Flags } from './arguments.ts'
import { liveCgroup } from './container.ts'
import type { Verb } from './verb.ts'

type Section = 'blockIO' | 'cpu' | 'memory' | 'pids'
interface Limit extends Flag {
  /** Where it goes in `linux.resources`, and how it is written. */
  to: readonly [section: Section, property: string]
  as: 'number' | 'bytes' | 'text'
}

const limit = (name: string, section: Section, property: string, as: Limit['as'], help: string): Limit => ({
  ...{ name, help, as },
  kind: 'text',
  to: [section, property],
})

const limits: readonly Limit[] = [
  limit(
    'blkio-weight',
    'blockIO',
    'weight',
    'number',
    'Specifies per cgroup weight, range is from 10 to 1000',
  ),
  limit(
    'cpu-period',
    'cpu',
    'period',
    'number',
    'CPU CFS period to be used for hardcapping (in usecs). 0 to use system default',
  ),
  limit(
    'cpu-quota',
    'cpu',
    'quota',
    'number',
    'CPU CFS hardcap limit (in usecs). Allowed cpu time in a given period',
  ),
  limit('cpu-burst', 'cpu', 'burst', 'number', 'CPU CFS hardcap burst limit (in usecs)'),
  limit('cpu-share', 'cpu', 'shares', 'number', 'CPU shares (relative weight vs. other containers)'),
  limit(
    'cpu-rt-period',
    'cpu',
    'realtimePeriod',
    'number',
    'CPU realtime period to be used for hardcapping (in usecs)',
  ),
  limit('cpu-rt-runtime', 'cpu', 'realtimeRuntime', 'number', 'CPU realtime hardcap limit (in usecs)'),
  limit('cpuset-cpus', 'cpu', 'cpus', 'text', 'CPU(s) to use'),
  limit('cpuset-mems', 'cpu', 'mems', 'text', 'Memory node(s) to use'),
  limit(
    'cpu-idle',
    'cpu',
    'idle',
    'number',
    'set cgroup SCHED_IDLE or not, 0: default behavior, 1: SCHED_IDLE',
  ),
  limit('kernel-memory', 'memory', 'kernel', 'bytes', 'Kernel memory limit (in bytes); deprecated'),
  limit(
    'kernel-memory-tcp',
    'memory',
    'kernelTCP',
    'bytes',
    'Kernel memory limit (in bytes) for TCP buffers; deprecated',
  ),
  limit('memory', 'memory', 'limit', 'bytes', 'Memory limit (in bytes)'),
  limit(
    'memory-reservation',
    'memory',
    'reservation',
    'bytes',
    'Memory reservation or soft_limit (in bytes)',
  ),
  limit(
    'memory-swap',
    'memory',
    'swap',
    'bytes',
    "Total memory usage (memory + swap); set '-1' to enable unlimited swap",
  ),
  limit('pids-limit', 'pids', 'limit', 'number', 'Maximum number of pids allowed in the container'),
]

/** Of Intel's Resource Director Technology, which this runtime does not drive. */
const rdt = ['l3-cache-schema', 'mem-bw-schema']

export const verb: Verb = {
  summary: 'update container resource constraints',
  usage: '[options] <container-id>',
  flags: [
    {
      name: 'resources',
      short: 'r',
      kind: 'text',
      help: "path to the file containing the resources to update or '-' to read from the standard input",
    },
    ...limits,
    ...rdt.map((name): Flag => ({ name, kind: 'text', help: 'Intel RDT schema: not supported here' })),
  ],
  arity: [1, 1],
  async run(context, flags, [id = '']) {
    using _ = lockContainer(context.root, id)
    const state = loadState(context.root, id)
    const cgroup = await liveCgroup(context, state)
    const before = state.config.linux?.resources ?? {}
    // By the same door as a config. One that contradicts what stays is refused too.
    const changed = validateResources(JSON.stringify(merge(before, readChanges(flags))))
    cgroup.update(changed)
    saveState(context.root, {
      ...state,
      config: { ...state.config, linux: { ...state.config.linux, resources: changed } },
    })
    return 0
  },
}

function readChanges(flags: Flags): Resources {
  const refused = rdt.find((name) => flags.text(name))
  if (refused !== undefined)
    throw new EngineError('unavailable', `--${refused}: Intel RDT is not supported by this runtime`)
  const file = flags.text('resources')
  // "If data is to be read from a file or the standard input, all other options are ignored."
  return file ? validateResources(readText(file)) : changesByFlags(flags)
}

function readText(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8')
  } catch (cause) {
    throw new EngineError('not-found', `read the resources from ${path}`, { cause })
  }
}

/** Pure. @throws EngineError `invalid` for what is not a number, or not a size */
export function changesByFlags(flags: Flags): Resources {
  const changes: Partial<Record<Section, Record<string, number | string>>> = {}
  for (const { name, to, as } of limits) {
    const text = flags.text(name)
    if (!text) continue
    const [section, property] = to
    const value = as === 'text' ? text : as === 'bytes' ? parseBytes(name, text) : (flags.integer(name) ?? 0)
    changes[section] = { ...changes[section], [property]: value }
  }
  return validateResources(JSON.stringify(changes))
}

/** `100m`, `1.5GiB`, `-1` for no limit. */
function parseBytes(name: string, text: string): number {
  if (text === '-1') return -1
  const bytes = bytesOf(text)
  if (bytes === undefined)
    throw new EngineError('invalid', `invalid value for ${name}: invalid size: '${text}'`)
  return bytes
}

/** Section by section, property by property; lists are replaced. Pure. */
export function merge(before: Resources, changes: Resources): Resources {
  const merged = {
    ...before,
    ...changes,
    memory: { ...before.memory, ...changes.memory },
    cpu: { ...before.cpu, ...changes.cpu },
    blockIO: { ...before.blockIO, ...changes.blockIO },
    unified: { ...before.unified, ...changes.unified },
  }
  // Docker raises the limit alone, and means the sum to keep up with it, or to stay unlimited.
  const { limit: raised, swap } = merged.memory
  if (changes.memory?.limit !== undefined && changes.memory.swap === undefined && swap !== undefined) {
    if (raised !== undefined && (raised < 0 || (swap > 0 && swap < raised))) merged.memory.swap = raised
  }
  return merged
}
