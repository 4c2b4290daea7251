// `linux.resources` as files of cgroup v1. Pure: what to write, not the writing.
//
// config-linux.md of the OCI runtime specification was written for v1, so here is
// no arithmetic: each property has its file, and the number goes there as it is.
// 0 means "not asked for" wherever v1 knows no 0, as it does for runc.
//
// Called by v1.ts. Next: engine/libcontainer/cgroups/settings-v2.ts
import type { Resources } from '../config/resources.ts'
import { refuse, resourcesPath, type Setting } from './setting.ts'

type Read = (controller: string, file: string) => string | undefined

/**
 * @param read what stands in a file of the container's cgroup; undefined: there is none
 * @param warn hears of what is ignored
 * @throws EngineError for what v1 does not have
 */
export function settingsV1(resources: Resources, read: Read, warn: (line: string) => void): Setting[] {
  if (Object.keys(resources.unified ?? {}).length > 0)
    refuse(`${resourcesPath}.unified`, 'it names files of cgroup v2, and this host has v1')
  return [
    ...cpu(resources.cpu ?? {}, read),
    ...memory(resources.memory ?? {}, read, warn),
    ...pids(resources.pids),
    ...blockIO(resources.blockIO ?? {}, read),
    ...hugepages(resources.hugepageLimits ?? [], read),
    ...network(resources.network ?? {}),
    ...rdma(resources.rdma ?? {}),
  ]
}

/** Documentation/scheduler/sched-bwc.rst and sched-rt-group.rst; admin-guide/cgroup-v1/cpusets.rst. */
function cpu(cpu: NonNullable<Resources['cpu']>, read: Read): Setting[] {
  const asked = `${resourcesPath}.cpu`
  const list: Setting[] = []
  const add = (name: keyof typeof cpu, controller: string, file: string, needs?: string): void => {
    const value = cpu[name]
    if (value === undefined || value === '') return
    if (value === 0 && name !== 'burst' && name !== 'idle') return
    list.push({
      ...{ controller, file, value: String(value), asked: `${asked}.${name}` },
      ...(needs === undefined ? {} : { needs }),
    })
  }
  add('idle', 'cpu', 'cpu.idle', 'Linux 5.15')
  // An idle cgroup has no shares, and writing some is EINVAL.
  const idle = cpu.idle ?? Number(read('cpu', 'cpu.idle') ?? 0)
  if (idle !== 1) add('shares', 'cpu', 'cpu.shares')
  add('period', 'cpu', 'cpu.cfs_period_us', 'CONFIG_CFS_BANDWIDTH')
  add('quota', 'cpu', 'cpu.cfs_quota_us', 'CONFIG_CFS_BANDWIDTH')
  add('burst', 'cpu', 'cpu.cfs_burst_us', 'Linux 5.14')
  // Time that the parents have too, or EINVAL: a new cgroup's parents have none.
  add('realtimePeriod', 'cpu', 'cpu.rt_period_us', 'CONFIG_RT_GROUP_SCHED')
  add('realtimeRuntime', 'cpu', 'cpu.rt_runtime_us', 'CONFIG_RT_GROUP_SCHED')
  add('cpus', 'cpuset', 'cpuset.cpus')
  add('mems', 'cpuset', 'cpuset.mems')
  return list
}

/** Documentation/admin-guide/cgroup-v1/memory.rst. */
function memory(
  memory: NonNullable<Resources['memory']>,
  read: Read,
  warn: (line: string) => void,
): Setting[] {
  const asked = `${resourcesPath}.memory`
  const list: Setting[] = []
  const { limit, reservation, swap, swappiness, disableOOMKiller } = memory
  if (limit !== undefined && limit > 0 && memory.checkBeforeUpdate === true) {
    const usage = Number(read('memory', 'memory.usage_in_bytes') ?? 0)
    if (usage > limit)
      refuse(`${asked}.limit`, `${usage} bytes are in use, more than ${limit} (checkBeforeUpdate)`)
  }
  const add = (file: string, value: string, name: string, needs?: string): void => {
    list.push({
      ...{ controller: 'memory', file, value, asked: `${asked}.${name}` },
      ...(needs === undefined ? {} : { needs }),
    })
  }
  if (limit !== undefined && limit !== 0) add('memory.limit_in_bytes', String(limit), 'limit')
  // No limit for memory, and none said for both: then none for both.
  const both = swap === undefined || swap === 0 ? (limit === -1 ? -1 : undefined) : swap
  if (both !== undefined) {
    add(
      'memory.memsw.limit_in_bytes',
      String(both),
      'swap',
      'a kernel that counts swap: boot it with swapaccount=1',
    )
    const last = list.at(-1)
    // No counting, no limit: what was asked for.
    if (both === -1 && last) last.needless = true
  }
  if (reservation !== undefined && reservation !== 0)
    add(
      'memory.soft_limit_in_bytes',
      String(reservation),
      'reservation',
      'a kernel without CONFIG_PREEMPT_RT',
    )
  if (swappiness !== undefined) add('memory.swappiness', String(swappiness), 'swappiness')
  if (disableOOMKiller !== undefined)
    add('memory.oom_control', disableOOMKiller ? '1' : '0', 'disableOOMKiller')
  ignoredMemory(memory, warn)
  return list
}

/** Properties that every current runtime and kernel ignores; the specification calls them deprecated. */
export function ignoredMemory(memory: NonNullable<Resources['memory']>, warn: (line: string) => void): void {
  const asked = `${resourcesPath}.memory`
  for (const name of ['kernel', 'kernelTCP'] as const) {
    if (memory[name] !== undefined && memory[name] !== 0)
      warn(`${asked}.${name} is ignored: the kernel takes no limit for its own memory any more (Linux 5.16)`)
  }
  if (memory.useHierarchy === false)
    warn(`${asked}.useHierarchy is ignored: every cgroup counts what is below it (Linux 5.11)`)
}

// #region pids
/** Documentation/admin-guide/cgroup-v1/pids.rst; v2 has the same file. */
export function pids(pids: Resources['pids']): Setting[] {
  if (pids === undefined || pids.limit === 0) return []
  const value = pids.limit < 0 ? 'max' : String(pids.limit)
  return [{ controller: 'pids', file: 'pids.max', value, asked: `${resourcesPath}.pids.limit` }]
}
// #endregion pids

/** Documentation/admin-guide/cgroup-v1/blkio-controller.rst; block/bfq-iosched.rst for weights. */
function blockIO(block: NonNullable<Resources['blockIO']>, read: Read): Setting[] {
  const asked = `${resourcesPath}.blockIO`
  const controller = 'blkio'
  const list: Setting[] = []
  // blkio.weight was CFQ's, which went with Linux 5.0; BFQ has files of its own name.
  const weights = read(controller, 'blkio.weight') === undefined ? 'blkio.bfq.weight' : 'blkio.weight'
  const needs = 'the I/O scheduler BFQ'
  const leafNeeds = 'the I/O scheduler CFQ, which Linux 5.0 removed'
  if (block.weight)
    list.push({ controller, file: weights, value: String(block.weight), asked: `${asked}.weight`, needs })
  if (block.leafWeight) {
    const value = String(block.leafWeight)
    list.push({
      controller,
      file: 'blkio.leaf_weight',
      value,
      asked: `${asked}.leafWeight`,
      needs: leafNeeds,
    })
  }
  for (const [index, device] of (block.weightDevice ?? []).entries()) {
    const at = `${asked}.weightDevice[${index}]`
    const number = `${device.major}:${device.minor}`
    if (device.weight) {
      const value = `${number} ${device.weight}`
      list.push({ controller, file: `${weights}_device`, value, asked: `${at}.weight`, needs })
    }
    if (device.leafWeight) {
      const value = `${number} ${device.leafWeight}`
      const file = 'blkio.leaf_weight_device'
      list.push({ controller, file, value, asked: `${at}.leafWeight`, needs: leafNeeds })
    }
  }
  for (const [name, file] of [
    ['throttleReadBpsDevice', 'blkio.throttle.read_bps_device'],
    ['throttleWriteBpsDevice', 'blkio.throttle.write_bps_device'],
    ['throttleReadIOPSDevice', 'blkio.throttle.read_iops_device'],
    ['throttleWriteIOPSDevice', 'blkio.throttle.write_iops_device'],
  ] as const) {
    for (const [index, { major, minor, rate }] of (block[name] ?? []).entries()) {
      const value = `${major}:${minor} ${rate}`
      const throttle = 'CONFIG_BLK_DEV_THROTTLING'
      list.push({ controller, file, value, asked: `${asked}.${name}[${index}]`, needs: throttle })
    }
  }
  return list
}

/** Documentation/admin-guide/cgroup-v1/hugetlb.rst. Pages in use, and pages reserved (Linux 5.7). */
function hugepages(limits: NonNullable<Resources['hugepageLimits']>, read: Read): Setting[] {
  return limits.flatMap(({ pageSize, limit }, index) => {
    const asked = `${resourcesPath}.hugepageLimits[${index}]`
    const used = `hugetlb.${pageSize}.limit_in_bytes`
    const reserved = `hugetlb.${pageSize}.rsvd.limit_in_bytes`
    const one = { controller: 'hugetlb', value: String(limit), asked, needs: `pages of ${pageSize}` }
    return [
      { ...one, file: used },
      ...(read('hugetlb', reserved) === undefined ? [] : [{ ...one, file: reserved }]),
    ]
  })
}

/** Documentation/admin-guide/cgroup-v1/net_cls.rst and net_prio.rst. */
function network(network: NonNullable<Resources['network']>): Setting[] {
  const asked = `${resourcesPath}.network`
  const { classID, priorities = [] } = network
  return [
    ...(classID
      ? [
          {
            controller: 'net_cls',
            file: 'net_cls.classid',
            value: String(classID),
            asked: `${asked}.classID`,
          },
        ]
      : []),
    ...priorities.map(({ name, priority }, index) => ({
      ...{ controller: 'net_prio', file: 'net_prio.ifpriomap', value: `${name} ${priority}` },
      asked: `${asked}.priorities[${index}]`,
    })),
  ]
}

/** Documentation/admin-guide/cgroup-v1/rdma.rst; v2 has the same file. */
export function rdma(rdma: NonNullable<Resources['rdma']>): Setting[] {
  return Object.entries(rdma).map(([device, { hcaHandles, hcaObjects }]) => {
    const handles = hcaHandles === undefined ? [] : [`hca_handle=${hcaHandles}`]
    const objects = hcaObjects === undefined ? [] : [`hca_object=${hcaObjects}`]
    const value = [device, ...handles, ...objects].join(' ')
    return {
      controller: 'rdma',
      file: 'rdma.max',
      value,
      asked: `${resourcesPath}.rdma[${JSON.stringify(device)}]`,
    }
  })
}
