// Who is who in a user namespace: uid_map and gid_map, user_namespaces(7).
//
// The host's half writes the maps, once, from outside: a process inside may map
// no more than itself. Then init becomes user 0 of the namespace, which is nobody
// outside.
import { readFileSync } from 'node:fs'
import { EngineError } from '../errors.ts'
import { command } from '../syscalls/command.ts'
import { setgroups, setresgid, setresuid } from '../syscalls/credentials.ts'
import { writeKernelFile } from '../syscalls/file.ts'
import type { IdMapping, Linux } from './config/linux.ts'

/** Writes the maps of the new user namespace of `pid`. Root does it itself; a user needs newuidmap(1), which reads /etc/subuid. */
export function writeIdMaps(pid: number, linux: Linux): void {
  const root = process.geteuid?.() === 0
  if (!root && own(linux.gidMappings, process.getegid?.())) {
    // One's own group may be mapped without help, by who gives up setgroups(2) first.
    writeKernelFile(`/proc/${pid}/setgroups`, 'deny')
  }
  writeMap(pid, 'uid', linux.uidMappings, root || own(linux.uidMappings, process.geteuid?.()))
  writeMap(pid, 'gid', linux.gidMappings, root || own(linux.gidMappings, process.getegid?.()))
}

function own(mappings: readonly IdMapping[] | undefined, id: number | undefined): boolean {
  return mappings?.length === 1 && mappings[0]?.hostID === id && mappings[0]?.size === 1
}

// #region write-map
function writeMap(
  pid: number,
  kind: 'uid' | 'gid',
  mappings: readonly IdMapping[] | undefined,
  direct: boolean,
): void {
  if (mappings === undefined || mappings.length === 0) return
  const rows = mappings.map(({ containerID, hostID, size }) => [containerID, hostID, size].map(String))
  try {
    // One write: the kernel takes the map whole or not at all.
    if (direct) writeKernelFile(`/proc/${pid}/${kind}_map`, rows.map((row) => `${row.join(' ')}\n`).join(''))
    else command(`new${kind}map`, String(pid), ...rows.flat())
  } catch (cause) {
    throw new EngineError('forbidden', `$.linux.${kind}Mappings: write ${kind}_map`, { cause })
  }
}
// #endregion write-map

/** Becomes user 0 of the namespace whose maps were just written; with it come all capabilities in there. */
export function becomeNamespaceRoot(): void {
  // Denied when a user made the namespace: no group could be dropped either.
  if (!/^deny/.test(readFileSync('/proc/self/setgroups', 'utf8'))) setgroups([])
  setresgid(0)
  setresuid(0)
}
