// Limits and devices, which `run`, `create` and `update` share: the Resources of the API. Pure.
import type { HostConfig, UpdateConfig } from '../../api/host-config.ts'
import type { Flags } from '../flags.ts'
import { parseCpus, parseDeviceAmount, parseInteger, parseRam, parseSwap } from '../quantity.ts'
import { deviceRequests, isDeviceName, parseGpus } from './device-requests.ts'

/** What has a value: in the API, a field that is left out means "as it was" or "the default". */
export function present<T extends object>(fields: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Name in keyof T]?: Exclude<T[Name], undefined>
  }
}

/** @throws UsageError */
export function readLimits(flags: Flags): UpdateConfig {
  return present({
    BlkioWeight: flags.value('blkio-weight', parseInteger),
    CpuPeriod: flags.value('cpu-period', parseInteger),
    CpuQuota: flags.value('cpu-quota', parseInteger),
    CpuRealtimePeriod: flags.value('cpu-rt-period', parseInteger),
    CpuRealtimeRuntime: flags.value('cpu-rt-runtime', parseInteger),
    CpuShares: flags.value('cpu-shares', parseInteger),
    NanoCpus: flags.value('cpus', parseCpus),
    CpusetCpus: flags.text('cpuset-cpus'),
    CpusetMems: flags.text('cpuset-mems'),
    Memory: flags.value('memory', parseRam),
    MemoryReservation: flags.value('memory-reservation', parseRam),
    MemorySwap: flags.value('memory-swap', parseSwap),
    PidsLimit: flags.value('pids-limit', parseInteger),
  })
}

/** @throws UsageError */
export function readResources(flags: Flags): HostConfig {
  const throttle = (name: string, amountOf: (text: string) => number) =>
    flags.values(name, (text) => {
      const [Path, Rate] = parseDeviceAmount(text, amountOf)
      return { Path, Rate }
    })
  return {
    ...readLimits(flags),
    ...present({
      CgroupParent: flags.text('cgroup-parent'),
      // No kernel has it any more; `update` never had the flag.
      KernelMemory: flags.value('kernel-memory', parseRam),
      MemorySwappiness: flags.value('memory-swappiness', parseInteger),
      OomScoreAdj: flags.value('oom-score-adj', parseInteger),
      OomKillDisable: flags.has('oom-kill-disable') ? flags.on('oom-kill-disable') : undefined,
    }),
    BlkioWeightDevice: flags.values('blkio-weight-device', (text) => {
      const [Path, Weight] = parseDeviceAmount(text, parseInteger)
      return { Path, Weight }
    }),
    BlkioDeviceReadBps: throttle('device-read-bps', parseRam),
    BlkioDeviceWriteBps: throttle('device-write-bps', parseRam),
    BlkioDeviceReadIOps: throttle('device-read-iops', parseInteger),
    BlkioDeviceWriteIOps: throttle('device-write-iops', parseInteger),
    Devices: flags
      .values('device', (text) => (isDeviceName(text) ? undefined : parseDevice(text)))
      .filter((one) => one !== undefined),
    DeviceRequests: deviceRequests(
      flags.values('gpus', parseGpus),
      flags.list('device').filter(isDeviceName),
    ),
    DeviceCgroupRules: flags.list('device-cgroup-rule'),
    Ulimits: flags.values('ulimit', parseUlimit),
  }
}

/** `/dev/sda`, `/dev/sda:/dev/xvdc`, `/dev/sda:/dev/xvdc:r`, `/dev/sda:r`. */
function parseDevice(text: string): NonNullable<HostConfig['Devices']>[number] {
  const [PathOnHost = '', second, third, ...more] = text.split(':')
  const isMode = (word: string): boolean => /^[rwm]{1,3}$/.test(word)
  if (PathOnHost === '' || more.length > 0 || (third !== undefined && !isMode(third)))
    throw new RangeError(`invalid device specification: ${text}`)
  const onlyMode = second !== undefined && third === undefined && isMode(second)
  return {
    PathOnHost,
    PathInContainer: second === undefined || onlyMode ? PathOnHost : second,
    CgroupPermissions: third ?? (onlyMode ? second : 'rwm'),
  }
}

/** `nofile=1024`, `nofile=1024:2048`; -1 for no limit. */
function parseUlimit(text: string): NonNullable<HostConfig['Ulimits']>[number] {
  const [, Name, soft = '', hard = soft] = /^(\w+)=(-?\d+)(?::(-?\d+))?$/.exec(text) ?? []
  if (Name === undefined) throw new RangeError(`invalid ulimit argument: ${text}`)
  const [Soft, Hard] = [Number(soft), Number(hard)]
  if (Hard !== -1 && (Soft === -1 || Soft > Hard))
    throw new RangeError(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`)
  return { Name, Soft, Hard }
}

/** `no`, `always`, `unless-stopped`, `on-failure:3`. */
export function readRestart(text: string): NonNullable<HostConfig['RestartPolicy']> {
  const [Name = '', count, ...more] = text.split(':')
  if (text !== '' && Name === '')
    throw new RangeError('invalid restart policy format: no policy provided before colon')
  if (more.length > 0) throw new RangeError('invalid restart policy format')
  if (count !== undefined && !/^-?\d+$/.test(count))
    throw new RangeError('invalid restart policy format: maximum retry count must be an integer')
  return { Name, MaximumRetryCount: Number(count ?? 0) }
}
