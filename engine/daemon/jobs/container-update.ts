// `docker update`: other limits, at once where the container runs, and another restart policy.
//
// The kernel is asked first: what it refuses is not written down.
//
// Next: engine/daemon/container/oci-resources.ts
import { statSync } from 'node:fs'
import type { HostConfig, UpdateConfig } from '../../api/host-config.ts'
import { EngineError } from '../../errors.ts'
import { countsSwap } from '../../libcontainer/cgroups/hierarchy.ts'
import { splitDevice } from '../../syscalls/open.ts'
import { checkRanges } from '../container/limit-check.ts'
import { withSupported } from '../container/limit-support.ts'
import { resourcesOf } from '../container/oci-resources.ts'
import { allow } from '../container/state-machine.ts'
import type { DaemonJob } from '../daemon.ts'

/** Answers with warnings. */
export const containerUpdate: DaemonJob<{ container: string; body: UpdateConfig }, string[]> = {
  name: 'container-update',
  async run({ containers, lifecycle, supervisor }, { container, body }) {
    const { id } = containers.find(container)
    return await containers.turns.take(id, async () => {
      const record = containers.find(id)
      allow('update', record.state.status, { id, typed: container })
      const { RestartPolicy, ...wanted } = given(body)
      const { limits, warnings } = withSupported(wanted)
      const refuse = (why: string): never => {
        throw new EngineError('invalid', `Cannot update container ${id}: ${why}`)
      }
      checkPolicy(record.hostConfig, RestartPolicy, refuse)
      checkRanges(limits)
      checkLimits(record.hostConfig, limits, refuse)
      const hostConfig = { ...record.hostConfig, ...limits, ...(RestartPolicy ? { RestartPolicy } : {}) }
      const resources = resourcesOf(asked(hostConfig, limits), deviceNumbers, countsSwap())
      if (record.state.pid !== 0 && Object.keys(resources).length > 0)
        await (await supervisor()).update({ container: id, resources })
      containers.save({ ...containers.find(id), hostConfig })
      lifecycle.tell(record, 'update')
      return warnings
    })
  },
}

/** Go's zero value is "leave it as it is", for all but the number of processes, where it takes the limit away. */
function given(body: UpdateConfig): UpdateConfig {
  return Object.fromEntries(
    Object.entries(body).filter(([name, value]) => {
      if (value === undefined || value === null) return false
      if (name === 'PidsLimit') return true
      if (name === 'RestartPolicy') return (body.RestartPolicy?.Name ?? '') !== ''
      return value !== 0 && value !== '' && value !== false && !(Array.isArray(value) && value.length === 0)
    }),
  )
}

/** Limits that hang together are told together: swap is counted with memory, a quota is one of a period. */
function asked(all: HostConfig, limits: UpdateConfig): UpdateConfig {
  const touches = (...names: (keyof UpdateConfig)[]): boolean => names.some((name) => limits[name] != null)
  const { Memory, MemorySwap, CpuPeriod, CpuQuota, PidsLimit } = limits
  return {
    ...limits,
    ...(touches('Memory', 'MemorySwap')
      ? { Memory: Memory ?? all.Memory, MemorySwap: MemorySwap ?? all.MemorySwap }
      : {}),
    ...(touches('CpuPeriod', 'CpuQuota')
      ? { CpuPeriod: CpuPeriod ?? all.CpuPeriod, CpuQuota: CpuQuota ?? all.CpuQuota }
      : {}),
    // 0 is no limit, too.
    ...(PidsLimit == null ? {} : { PidsLimit: PidsLimit > 0 ? PidsLimit : -1 }),
  }
}

/** Docker's words, here and below. */
function checkPolicy(
  { AutoRemove }: HostConfig,
  policy: UpdateConfig['RestartPolicy'],
  refuse: (why: string) => never,
): void {
  if (!policy) return
  const name = policy.Name ?? ''
  if (!['no', 'always', 'unless-stopped', 'on-failure'].includes(name))
    throw new EngineError(
      'invalid',
      `invalid restart policy: unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
    )
  if (policy.MaximumRetryCount && name !== 'on-failure')
    throw new EngineError(
      'invalid',
      "invalid restart policy: maximum retry count can only be used with 'on-failure'",
    )
  if (AutoRemove && name !== 'no')
    refuse('Restart policy cannot be updated because AutoRemove is enabled for the container')
}

/** What the kernel would take and Docker does not: under 6 MB no process starts. */
const leastMemory = 6 * 2 ** 20

function checkLimits(before: HostConfig, limits: UpdateConfig, refuse: (why: string) => never): void {
  const { Memory, MemorySwap, MemoryReservation, NanoCpus, CpuPeriod, CpuQuota } = limits
  if (Memory && Memory > 0 && Memory < leastMemory)
    throw new EngineError('invalid', 'Minimum memory limit allowed is 6MB')
  if (NanoCpus && (before.CpuPeriod || before.CpuQuota))
    refuse(
      `Conflicting options: Nano CPUs cannot be updated as CPU ${before.CpuPeriod ? 'Period' : 'Quota'} has already been set`,
    )
  if ((CpuPeriod || CpuQuota) && before.NanoCpus)
    refuse(
      `Conflicting options: CPU ${CpuPeriod ? 'Period' : 'Quota'} cannot be updated as NanoCPUs has already been set`,
    )
  if (Memory && MemorySwap && MemorySwap > 0 && MemorySwap < Memory)
    throw new EngineError('invalid', 'Minimum memoryswap limit should be larger than memory limit, see usage')
  if (Memory && !MemorySwap && before.MemorySwap && before.MemorySwap > 0 && Memory > before.MemorySwap)
    refuse(
      'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
    )
  const memory = Memory ?? before.Memory
  if (MemoryReservation && memory && memory > 0 && memory < MemoryReservation)
    throw new EngineError(
      'invalid',
      'Minimum memory limit can not be less than memory reservation limit, see usage',
    )
}

function deviceNumbers(path: string): { major: number; minor: number } | undefined {
  const info = statSync(path, { throwIfNoEntry: false })
  return info?.isBlockDevice() ? splitDevice(info.rdev) : undefined
}
