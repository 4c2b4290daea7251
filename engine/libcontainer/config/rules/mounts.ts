// `mounts`. config.md, "Mounts" and "Linux mount options".
// Options are not looked at: what is none of mount(8)'s goes to the file system.
import type { Inspection } from '../inspection.ts'
import { inspectRanges } from './namespaces.ts'

export function inspectMounts({ config, report, warn }: Inspection): void {
  for (const [index, mount] of (config.mounts ?? []).entries()) {
    const path = ['mounts', index]
    const { options = [] } = mount
    const bind = mount.type === 'bind' || options.includes('bind') || options.includes('rbind')
    if (!mount.destination.startsWith('/'))
      warn(
        `mounts[${index}].destination: a relative path is deprecated, ${mount.destination} is taken from /`,
      )
    // mount(2) would answer ENOENT, without a word on which of its paths it means.
    if (bind && !mount.source) report([...path, 'source'], 'a bind mount has a source')
    // "none", or nothing, is what a bind mount says; anything else must be told its type.
    if (!bind && !mount.type && !options.includes('remount'))
      report([...path, 'type'], 'it is missing, and this is no bind mount')
    const { uidMappings, gidMappings } = mount
    if (uidMappings === undefined && gidMappings === undefined) continue
    // "uidMappings ... If specified, gidMappings MUST be specified too", and the other way round.
    if (uidMappings === undefined) report([...path, 'uidMappings'], 'it goes with gidMappings')
    if (gidMappings === undefined) report([...path, 'gidMappings'], 'it goes with uidMappings')
    // mount_setattr(2) MOUNT_ATTR_IDMAP wants a mount that nobody has seen yet: a bind's.
    if (!bind) report(path, 'ids can be mapped for a bind mount only')
    inspectRanges(uidMappings ?? [], [...path, 'uidMappings'], report)
    inspectRanges(gidMappings ?? [], [...path, 'gidMappings'], report)
  }
}
