// What is left of `linux`: sysctl, cgroupsPath, personality, intelRdt. config-linux.md.
import { existsSync } from 'node:fs'
import { hasNamespace, hostFile, type Inspection } from '../inspection.ts'

export function inspectLinux(inspection: Inspection): void {
  const { config, report } = inspection
  inspectSysctls(inspection)
  // Joined to a mount point, `..` would lead out of the hierarchy.
  if (config.linux?.cgroupsPath?.split('/').includes('..'))
    report(['linux', 'cgroupsPath'], 'it leads upwards (..)')
  // "Currently no flag values are supported."
  if ((config.linux?.personality?.flags?.length ?? 0) > 0)
    report(['linux', 'personality', 'flags'], 'no flag is supported')
  inspectIntelRdt(inspection)
}

/** sysctls of System V IPC; those of POSIX message queues begin with fs.mqueue. */
const ipc = /^(kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)$|fs\.mqueue\.)/

/** /proc/sys is one tree for host and containers alike: only what belongs to a namespace may be written. */
function inspectSysctls(inspection: Inspection): void {
  const { config, report } = inspection
  for (const name of Object.keys(config.linux?.sysctl ?? {})) {
    const path = ['linux', 'sysctl', name]
    const dotted = withDots(name)
    if (/(^|[./])\.?\.?([./]|$)/.test(name)) report(path, 'it is not the name of a sysctl')
    else if (ipc.test(dotted)) {
      if (!hasNamespace(inspection, 'ipc')) report(path, "without an ipc namespace it would be the host's")
    } else if (dotted.startsWith('net.')) {
      if (isHostNetwork(inspection)) report(path, "without a network namespace it would be the host's")
    } else if (dotted === 'kernel.hostname') report(path, 'it is what $.hostname is for')
    else if (dotted !== 'kernel.domainname')
      report(path, "it belongs to no namespace: it would be the host's")
    else if (!hasNamespace(inspection, 'uts')) report(path, "without a uts namespace it would be the host's")
  }
}

/** sysctl.d(5): when the first separator is a slash, dots and slashes have changed places. */
function withDots(name: string): string {
  if (/^[^./]*\./.test(name)) return name
  return name.replace(/[./]/g, (one) => (one === '.' ? '/' : '.'))
}

/** A network namespace that is joined may turn out to be our own. */
function isHostNetwork(inspection: Inspection): boolean {
  if (!hasNamespace(inspection, 'network')) return true
  const path = inspection.config.linux?.namespaces?.find(({ type }) => type === 'network')?.path
  const joined = path ? hostFile(path) : undefined
  const own = hostFile('/proc/self/ns/net')
  return joined !== undefined && joined.ino === own?.ino && joined.dev === own.dev
}

/** Documentation/arch/x86/resctrl.rst. */
function inspectIntelRdt({ config, report }: Inspection): void {
  const rdt = config.linux?.intelRdt
  if (rdt === undefined) return
  const path = ['linux', 'intelRdt']
  // "If no mounted resctrl pseudo-filesystem is available, the runtime MUST generate an error."
  if (!existsSync('/sys/fs/resctrl/schemata')) report(path, 'no resctrl is mounted at /sys/fs/resctrl')
  if (rdt.closID !== undefined && /^\.{0,2}$|\/|\n/.test(rdt.closID))
    report([...path, 'closID'], 'it is not a name for a directory')
  if (rdt.l3CacheSchema?.includes('\n') || rdt.l3CacheSchema?.startsWith('L3') === false)
    report([...path, 'l3CacheSchema'], 'it is one line that starts with L3:')
  if (rdt.memBwSchema?.includes('\n') || rdt.memBwSchema?.startsWith('MB:') === false)
    report([...path, 'memBwSchema'], 'it is one line that starts with MB:')
}
