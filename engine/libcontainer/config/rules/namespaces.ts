// `linux.namespaces`, and what makes sense only inside one of them.
// config-linux.md, "Namespaces", "User namespace mappings", "Offset for Time Namespace".
//
// Without these rules a container would set the host's name, or mount over the
// host's files: every one of them stands for "in whose namespace?".
import { hasNamespace, hostFile, type Inspection } from '../inspection.ts'
import type { IdMapping } from '../linux.ts'

export function inspectNamespaces(inspection: Inspection): void {
  inspectList(inspection)
  inspectMappings(inspection)
  const { config, report } = inspection
  if (!hasNamespace(inspection, 'uts')) {
    for (const name of ['hostname', 'domainname'] as const)
      if (config[name]) report([name], "without a uts namespace it would be the host's")
  }
  // __NEW_UTS_LEN: sethostname(2) gives EINVAL for more.
  for (const name of ['hostname', 'domainname'] as const)
    if (Buffer.byteLength(config[name] ?? '') > 64) report([name], 'it is longer than 64 bytes')
  if (!hasNamespace(inspection, 'mount')) {
    const why = 'without a mount namespace it would change what the host sees'
    if (config.root?.readonly === true) report(['root', 'readonly'], why)
    if ((config.mounts?.length ?? 0) > 0) report(['mounts'], why)
    for (const name of ['maskedPaths', 'readonlyPaths'] as const)
      if ((config.linux?.[name]?.length ?? 0) > 0) report(['linux', name], why)
  }
  const offsets = config.linux?.timeOffsets
  if (offsets === undefined) return
  if (!hasNamespace(inspection, 'time'))
    report(['linux', 'timeOffsets'], 'without a time namespace there are no clocks to set')
  // time_namespaces(7): EINVAL.
  for (const [clock, offset] of Object.entries(offsets))
    if ((offset?.nanosecs ?? 0) > 999_999_999)
      report(['linux', 'timeOffsets', clock, 'nanosecs'], 'a second has 999999999 at most')
}

function inspectList({ config, report }: Inspection): void {
  const seen = new Set<string>()
  for (const [index, { type, path }] of (config.linux?.namespaces ?? []).entries()) {
    const at = ['linux', 'namespaces', index]
    // "If a namespaces field contains duplicated namespaces with same type, the runtime MUST generate an error."
    if (seen.has(type)) report([...at, 'type'], `${type} is listed twice`)
    seen.add(type)
    // An empty path is Go's way of writing none.
    if (!path) continue
    if (!path.startsWith('/')) report([...at, 'path'], 'it is not an absolute path')
    // Of which kind it is, setns(2) says when init joins it.
    else if (!hostFile(path)) report([...at, 'path'], `there is no ${path}`)
  }
}

function inspectMappings(inspection: Inspection): void {
  const { config, report, broken } = inspection
  const { uidMappings = [], gidMappings = [] } = config.linux ?? {}
  const user = config.linux?.namespaces?.find(({ type }) => type === 'user')
  for (const [name, mappings] of Object.entries({ uidMappings, gidMappings })) {
    if (mappings.length > 0 && !hasNamespace(inspection, 'user'))
      report(['linux', name], 'without a user namespace there is nothing to map')
    // A new user namespace maps nobody: even root would be 65534, "nobody". One
    // that is joined has its mappings.
    if (user && !user.path && mappings.length === 0 && !broken(`linux.${name}`))
      report(['linux', name], 'a new user namespace needs it: without, every id is 65534')
    inspectRanges(mappings, ['linux', name], report)
  }
  const ids = config.process?.user
  if (!ids || !user || user.path) return
  const groups = [ids.gid, ...(ids.additionalGids ?? [])]
  // setresuid(2): EINVAL for an id that the namespace does not know.
  if (uidMappings.length > 0 && !maps(uidMappings, ids.uid))
    report(['process', 'user', 'uid'], `linux.uidMappings does not map ${ids.uid}`)
  for (const [index, gid] of gidMappings.length > 0 ? groups.entries() : [])
    if (!maps(gidMappings, gid))
      report(
        ['process', 'user', ...(index === 0 ? ['gid'] : ['additionalGids', index - 1])],
        `linux.gidMappings does not map ${gid}`,
      )
}

/** What the kernel asks of uid_map, user_namespaces(7): EINVAL, whichever line it is. */
export function inspectRanges(
  mappings: readonly IdMapping[],
  path: readonly PropertyKey[],
  report: Inspection['report'],
): void {
  if (mappings.length > 340) report(path, 'uid_map takes 340 lines at most')
  for (const side of ['containerID', 'hostID'] as const) {
    const sorted = [...mappings.entries()].toSorted(([, a], [, b]) => a[side] - b[side])
    let end = 0
    for (const [index, mapping] of sorted) {
      if (mapping[side] < end) report([...path, index, side], 'its range overlaps another')
      end = Math.max(end, mapping[side] + mapping.size)
    }
    // 2^32 - 1 is -1, which means "no id".
    for (const [index, mapping] of mappings.entries())
      if (mapping[side] + mapping.size > 0xffffffff)
        report([...path, index, 'size'], 'it goes beyond 2^32 - 2')
  }
  for (const [index, { size }] of mappings.entries())
    if (size === 0) report([...path, index, 'size'], 'it is 0: it maps nobody')
}

function maps(mappings: readonly IdMapping[], id: number): boolean {
  return mappings.some(({ containerID, size }) => id >= containerID && id < containerID + size)
}
