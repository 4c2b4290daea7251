// `linux.resources` as files of cgroup v2. Pure: what to write, not the writing.
//
// Documentation/admin-guide/cgroup-v2.rst of the kernel describes the files,
// convert.ts the formulas. What v2 has no file for is refused rather than dropped:
// a limit that silently does not hold is worse than none.
//
// Called by v2.ts. Next: engine/libcontainer/cgroups/v2.ts
import type { Resources } from '../config/resources.ts'
import { blkioWeightToIoWeight, cpuMax, limitText, sharesToWeight, swapMax } from './convert.ts'
import { refuse, resourcesPath, type Setting } from './setting.ts'
import { ignoredMemory, pids, rdma } from './settings-v1.ts'

type Read = (file: string) => string | undefined

/**
 * @param read what stands in a file of the container's cgroup; undefined: there is none
 * @param warn hears of what is ignored
 * @throws EngineError for what v2 does not have
 */
export function settingsV2(resources: Resources, read: Read, warn: (line: string) => void): Setting[] {
  const { network = {} } = resources
  if (network.classID || (network.priorities ?? []).length > 0)
    refuse(
      `${resourcesPath}.network`,
      'cgroup v2 does not mark packets: match the cgroup in a firewall rule instead',
    )
  return [
    ...cpu(resources.cpu ?? {}, read),
    ...memory(resources.memory ?? {}, read, warn),
    ...pids(resources.pids),
    ...blockIO(resources.blockIO ?? {}, read),
    ...hugepages(resources.hugepageLimits ?? [], read),
    ...rdma(resources.rdma ?? {}),
    // Last: where both say something, the exact word of v2 wins.
    ...unified(resources.unified ?? {}),
  ]
}

/** cgroup-v2.rst, "CPU Interface Files" and "Cpuset Interface Files". */
function cpu(cpu: NonNullable<Resources['cpu']>, read: Read): Setting[] {
  const asked = `${resourcesPath}.cpu`
  const { shares, quota, period, burst, idle, cpus, mems } = cpu
  for (const name of ['realtimeRuntime', 'realtimePeriod'] as const) {
    if (cpu[name]) refuse(`${asked}.${name}`, 'cgroup v2 cannot divide the time of real-time processes')
  }
  const list: Setting[] = []
  if (idle !== undefined)
    list.push({
      controller: 'cpu',
      file: 'cpu.idle',
      value: String(idle),
      asked: `${asked}.idle`,
      needs: 'Linux 5.15',
    })
  // An idle cgroup has weight 0, and writing another is EINVAL.
  if (shares && (idle ?? Number(read('cpu.idle') ?? 0)) !== 1)
    list.push({
      controller: 'cpu',
      file: 'cpu.weight',
      value: String(sharesToWeight(shares)),
      asked: `${asked}.shares`,
    })
  if (quota || period) {
    const value = cpuMax(quota, period, read('cpu.max'))
    list.push({ controller: 'cpu', file: 'cpu.max', value, asked: `${asked}.${quota ? 'quota' : 'period'}` })
  }
  if (burst !== undefined) {
    const needs = 'Linux 5.14'
    list.push({
      controller: 'cpu',
      file: 'cpu.max.burst',
      value: String(burst),
      asked: `${asked}.burst`,
      needs,
    })
  }
  if (cpus) list.push({ controller: 'cpuset', file: 'cpuset.cpus', value: cpus, asked: `${asked}.cpus` })
  if (mems) list.push({ controller: 'cpuset', file: 'cpuset.mems', value: mems, asked: `${asked}.mems` })
  return list
}

/** cgroup-v2.rst, "Memory Interface Files". */
function memory(
  memory: NonNullable<Resources['memory']>,
  read: Read,
  warn: (line: string) => void,
): Setting[] {
  const asked = `${resourcesPath}.memory`
  const { limit, reservation, swap } = memory
  if (memory.swappiness !== undefined)
    refuse(
      `${asked}.swappiness`,
      'cgroup v2 has no swappiness of a cgroup, only vm.swappiness of the whole machine',
    )
  if (memory.disableOOMKiller === true)
    refuse(`${asked}.disableOOMKiller`, 'cgroup v2 cannot turn the OOM killer off')
  ignoredMemory(memory, warn)
  if (limit !== undefined && limit > 0 && memory.checkBeforeUpdate === true) {
    const usage = Number(read('memory.current') ?? 0)
    if (usage > limit)
      refuse(`${asked}.limit`, `${usage} bytes are in use, more than ${limit} (checkBeforeUpdate)`)
  }
  const list: Setting[] = []
  const swapValue = swapOf(swap, limit === undefined || limit === 0 ? standing(read) : limit, limit)
  if (swapValue !== undefined) {
    list.push({
      ...{ controller: 'memory', file: 'memory.swap.max', value: swapValue, asked: `${asked}.swap` },
      needs: 'a kernel that counts swap: boot it with swapaccount=1',
      // No file, no swap to count: none is what 0 asks for, and max does not mind.
      needless: swapValue === '0' || swapValue === 'max',
    })
  }
  if (limit !== undefined && limit !== 0)
    list.push({ controller: 'memory', file: 'memory.max', value: limitText(limit), asked: `${asked}.limit` })
  if (reservation !== undefined && reservation !== 0) {
    // memory.low keeps what is there from being reclaimed, as v1's soft limit does. memory.high would throttle.
    const value = limitText(reservation)
    list.push({ controller: 'memory', file: 'memory.low', value, asked: `${asked}.reservation` })
  }
  return list
}

/** An update may name one of the two only; the other stands in memory.max. */
function standing(read: Read): number | undefined {
  const now = read('memory.max')
  return now === undefined ? undefined : now === 'max' ? -1 : Number(now)
}

function swapOf(
  swap: number | undefined,
  limit: number | undefined,
  asked: number | undefined,
): string | undefined {
  if (!swap && !asked) return undefined
  try {
    return swapMax(swap, limit)
  } catch (error) {
    refuse(`${resourcesPath}.memory.swap`, error instanceof Error ? error.message : String(error))
  }
}

/** cgroup-v2.rst, "IO Interface Files". */
function blockIO(block: NonNullable<Resources['blockIO']>, read: Read): Setting[] {
  const asked = `${resourcesPath}.blockIO`
  const controller = 'io'
  const list: Setting[] = []
  const noLeaf = 'cgroup v2 has no processes beside child cgroups whom a leaf weight could be for'
  // Two schedulers know weights: BFQ, if it is there, and the io.cost model.
  const bfq = read('io.bfq.weight') !== undefined
  const file = bfq ? 'io.bfq.weight' : 'io.weight'
  const needs = 'the I/O scheduler BFQ, or CONFIG_BLK_CGROUP_IOCOST'
  const scale = (weight: number): number => (bfq ? weight : blkioWeightToIoWeight(weight))
  if (block.leafWeight) refuse(`${asked}.leafWeight`, noLeaf)
  if (block.weight)
    list.push({ controller, file, value: String(scale(block.weight)), asked: `${asked}.weight`, needs })
  for (const [index, { major, minor, weight, leafWeight }] of (block.weightDevice ?? []).entries()) {
    const at = `${asked}.weightDevice[${index}]`
    if (leafWeight) refuse(`${at}.leafWeight`, noLeaf)
    if (weight)
      list.push({
        controller,
        file,
        value: `${major}:${minor} ${scale(weight)}`,
        asked: `${at}.weight`,
        needs,
      })
  }
  // #region throttle
  for (const [name, key] of [
    ['throttleReadBpsDevice', 'rbps'],
    ['throttleWriteBpsDevice', 'wbps'],
    ['throttleReadIOPSDevice', 'riops'],
    ['throttleWriteIOPSDevice', 'wiops'],
  ] as const) {
    for (const [index, { major, minor, rate }] of (block[name] ?? []).entries()) {
      // v1 takes a limit away with 0; here 0 is ERANGE, and the word is max.
      const value = `${major}:${minor} ${key}=${rate === 0 ? 'max' : rate}`
      const throttle = 'CONFIG_BLK_DEV_THROTTLING'
      list.push({ controller, file: 'io.max', value, asked: `${asked}.${name}[${index}]`, needs: throttle })
    }
  }
  // #endregion throttle
  return list
}

/** cgroup-v2.rst, "HugeTLB Interface Files". Pages in use, and pages reserved (Linux 5.7). */
function hugepages(limits: NonNullable<Resources['hugepageLimits']>, read: Read): Setting[] {
  return limits.flatMap(({ pageSize, limit }, index) => {
    const asked = `${resourcesPath}.hugepageLimits[${index}]`
    const one = { controller: 'hugetlb', value: String(limit), asked, needs: `pages of ${pageSize}` }
    const reserved = `hugetlb.${pageSize}.rsvd.max`
    return [
      { ...one, file: `hugetlb.${pageSize}.max` },
      ...(read(reserved) === undefined ? [] : [{ ...one, file: reserved }]),
    ]
  })
}

/** config-linux.md, "Unified": file names and what goes into them, as they are. */
function unified(unified: Readonly<Record<string, string>>): Setting[] {
  return Object.entries(unified).map(([file, value]) => {
    const asked = `${resourcesPath}.unified[${JSON.stringify(file)}]`
    // A slash would lead to another cgroup, or out of cgroupfs.
    if (file.includes('/') || file === '.' || file === '..')
      refuse(asked, 'it is not the name of a file in a cgroup directory')
    const [controller = ''] = file.split('.')
    return { controller, file, value, asked }
  })
}
