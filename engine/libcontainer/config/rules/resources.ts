// `linux.resources`: limits that contradict each other, or that no kernel takes.
// config-linux.md, "Control groups". Whether *this* host has the controller is
// found out by cgroups/, which knows where it is.

import type { Path } from '../../../violation.ts'
import type { Inspection } from '../inspection.ts'
import type { Resources } from '../resources.ts'
import { isNumberList } from './process.ts'

/** @param path where resources stand: in a config, or alone */
export function inspectResources({ config, report }: Inspection, path: Path): void {
  const resources = config.linux?.resources
  if (resources === undefined) return
  const at = (...rest: PropertyKey[]): Path => [...path, ...rest]
  inspectMemory(resources, at, report)
  inspectCpu(resources, at, report)
  inspectBlockIO(resources, at, report)
  for (const [index, { pageSize }] of (resources.hugepageLimits ?? []).entries())
    if (!/^[1-9]\d*[KMG]B$/.test(pageSize))
      report(at('hugepageLimits', index, 'pageSize'), 'it is not a size such as 2MB')
  for (const [device, { hcaHandles, hcaObjects }] of Object.entries(resources.rdma ?? {}))
    if (hcaHandles === undefined && hcaObjects === undefined)
      report(at('rdma', device), 'it has neither hcaHandles nor hcaObjects')
  // "Each key in the map refers to a file in the cgroup unified hierarchy": in it, not elsewhere.
  for (const file of Object.keys(resources.unified ?? {}))
    if (!/^[\w-]+\.[\w.-]+$/.test(file) || file.includes('..'))
      report(at('unified', file), 'it is not the name of a file such as memory.high')
}

type At = (...rest: PropertyKey[]) => Path
type Report = Inspection['report']

function inspectMemory({ memory }: Resources, at: At, report: Report): void {
  if (memory === undefined) return
  const { limit = 0, swap = 0, swappiness = 0 } = memory
  // swap counts both, so it cannot be the smaller: memory.memsw.limit_in_bytes
  // gives EINVAL. 0 is "not set", as everywhere in runc.
  if (swap > 0 && limit > swap) report(at('memory', 'swap'), `${swap} is below the memory limit, ${limit}`)
  if (swap > 0 && limit <= 0)
    report(at('memory', 'swap'), 'it is memory and swap together: it needs a memory limit')
  if (swappiness > 100) report(at('memory', 'swappiness'), 'it goes from 0 to 100')
}

function inspectCpu({ cpu }: Resources, at: At, report: Report): void {
  if (cpu === undefined) return
  const { quota = 0, burst = 0, period = 0, idle = 0, realtimeRuntime = 0, realtimePeriod = 0 } = cpu
  // Documentation/scheduler/sched-bwc.rst: 1 ms at least, periods of 1 s at most; EINVAL.
  if (period !== 0 && (period < 1000 || period > 1_000_000))
    report(at('cpu', 'period'), 'it goes from 1000 to 1000000 microseconds')
  if (quota > 0 && quota < 1000) report(at('cpu', 'quota'), 'it is 1000 microseconds at least')
  if (quota > 0 && burst > quota) report(at('cpu', 'burst'), `${burst} is above the quota, ${quota}`)
  if (realtimePeriod > 0 && realtimeRuntime > realtimePeriod)
    report(at('cpu', 'realtimeRuntime'), `${realtimeRuntime} is above the period, ${realtimePeriod}`)
  if (idle !== 0 && idle !== 1) report(at('cpu', 'idle'), 'it is 0 or 1')
  for (const name of ['cpus', 'mems'] as const)
    if (!isNumberList(cpu[name] ?? '')) report(at('cpu', name), 'it is not a list such as 0-3,7')
}

/** Weights go from 10 to 1000; 0 is "not set". */
function inspectBlockIO({ blockIO }: Resources, at: At, report: Report): void {
  if (blockIO === undefined) return
  const weighs = (weight: number | undefined): boolean =>
    weight === undefined || weight === 0 || (weight >= 10 && weight <= 1000)
  for (const name of ['weight', 'leafWeight'] as const)
    if (!weighs(blockIO[name])) report(at('blockIO', name), 'it goes from 10 to 1000')
  for (const [index, device] of (blockIO.weightDevice ?? []).entries()) {
    const path = ['blockIO', 'weightDevice', index]
    // "You MUST specify at least one of weight or leafWeight in a given entry."
    if (device.weight === undefined && device.leafWeight === undefined)
      report(at(...path), 'it has neither weight nor leafWeight')
    for (const name of ['weight', 'leafWeight'] as const)
      if (!weighs(device[name])) report(at(...path, name), 'it goes from 10 to 1000')
  }
}
