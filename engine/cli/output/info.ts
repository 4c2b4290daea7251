// The text of `tocker info`. Pure. What Docker's daemon does not say, or ours not yet, has no line.
import type { SystemInfo } from '../../api/system.ts'

export function describeInfo(info: Partial<SystemInfo>): string {
  const { DriverStatus = [], DriverReasons = [], RegistryConfig: registry, Plugins: plugins } = info
  const lines = (values: readonly string[], indent = ' '): string =>
    values.map((value) => `${indent}${value}\n`).join('')
  const list = (title: string, values: readonly string[] | null | undefined): string =>
    values?.length ? `${title}:\n${lines(values)}` : ''
  const why = DriverReasons.map(({ name, verdict }) => `${name}: ${verdict}`)
  const driverStatus = (DriverStatus ?? []).map(([name, value]) => `${name}: ${value}`)
  const insecure = [
    ...Object.values(registry?.IndexConfigs ?? {}).flatMap(({ Name, Secure }) => (Secure ? [] : [Name])),
    ...(registry?.InsecureRegistryCIDRs ?? []),
  ]
  return `Containers: ${info.Containers}
 Running: ${info.ContainersRunning}
 Paused: ${info.ContainersPaused}
 Stopped: ${info.ContainersStopped}
Images: ${info.Images}
Server Version: ${info.ServerVersion}
Storage Driver: ${info.Driver}
${lines(driverStatus)}${why.length > 0 ? ` Why:\n${lines(why, '  ')}` : ''}Logging Driver: ${info.LoggingDriver}
Cgroup Driver: ${info.CgroupDriver}
Cgroup Version: ${info.CgroupVersion ?? '1'}
Plugins:
 Volume: ${(plugins?.Volume ?? []).join(' ')}
 Network: ${(plugins?.Network ?? []).join(' ')}
 Log: ${(plugins?.Log ?? []).join(' ')}
Runtimes: ${Object.keys(info.Runtimes ?? {}).join(' ')}
Default Runtime: ${info.DefaultRuntime}
${list('Security Options', info.SecurityOptions)}Kernel Version: ${info.KernelVersion}
Operating System: ${info.OperatingSystem}
OSType: ${info.OSType}
Architecture: ${info.Architecture}
CPUs: ${info.NCPU}
Total Memory: ${((info.MemTotal ?? 0) / 2 ** 30).toPrecision(4)}GiB
Name: ${info.Name}
ID: ${info.ID}
Docker Root Dir: ${info.DockerRootDir}
${list('Insecure Registries', insecure)}${list('Registry Mirrors', registry?.Mirrors)}Live Restore Enabled: ${info.LiveRestoreEnabled}
${lines(info.Warnings ?? [], '')}`
}
