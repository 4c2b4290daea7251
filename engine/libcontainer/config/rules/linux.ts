// What is left of `linux`: sysctl, cgroupsPath, personality, intelRdt. config-linux.md.
import { existsSync } from 'node:fs'
import { sysctlProblem } from '../../sysctl.ts'
import type { Inspection } from '../inspection.ts'
import { specVersion } from '../names.ts'

export function inspectLinux(inspection: Inspection): void {
  const { config, report, warn } = inspection
  inspectSysctls(inspection)
  // Joined to a mount point, `..` would lead out of the hierarchy.
  if (config.linux?.cgroupsPath?.split('/').includes('..'))
    report(['linux', 'cgroupsPath'], 'it leads upwards (..)')
  // "Currently no flag values are supported."
  if ((config.linux?.personality?.flags?.length ?? 0) > 0)
    report(['linux', 'personality', 'flags'], 'no flag is supported')
  inspectIntelRdt(inspection)
  // What is unknown MUST be ignored; but whoever asks for it should hear that it was.
  for (const name of ['netDevices', 'memoryPolicy'] as const)
    if (config.linux?.[name] !== undefined)
      warn(`linux.${name} is ignored: it belongs to a later specification, and ${specVersion} is known here`)
}

/** /proc/sys is one tree for host and containers alike: only what belongs to a namespace may be written. */
function inspectSysctls({ config, broken, report }: Inspection): void {
  const unread = broken('linux') || broken('linux.namespaces')
  for (const name of Object.keys(config.linux?.sysctl ?? {})) {
    const problem = sysctlProblem(name, unread ? undefined : (config.linux?.namespaces ?? []))
    if (problem !== undefined) report(['linux', 'sysctl', name], problem)
  }
}

/** Documentation/arch/x86/resctrl.rst. */
function inspectIntelRdt({ config, report }: Inspection): void {
  const rdt = config.linux?.intelRdt
  if (rdt === undefined) return
  const path = ['linux', 'intelRdt']
  // "If no mounted resctrl pseudo-filesystem is available, the runtime MUST generate an error."
  const mounted = existsSync('/sys/fs/resctrl/schemata')
  report(
    path,
    mounted
      ? 'it is unsupported: this runtime makes no group in /sys/fs/resctrl; leave it out'
      : 'no resctrl is mounted at /sys/fs/resctrl',
  )
  if (rdt.closID !== undefined && /^\.{0,2}$|\/|\n/.test(rdt.closID))
    report([...path, 'closID'], 'it is not a name for a directory')
  if (rdt.l3CacheSchema?.includes('\n') || rdt.l3CacheSchema?.startsWith('L3') === false)
    report([...path, 'l3CacheSchema'], 'it is one line that starts with L3:')
  if (rdt.memBwSchema?.includes('\n') || rdt.memBwSchema?.startsWith('MB:') === false)
    report([...path, 'memBwSchema'], 'it is one line that starts with MB:')
}
