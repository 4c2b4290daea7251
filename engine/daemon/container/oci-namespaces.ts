// Namespaces: what a container has of its own, and what it shares with the host or with
// another container. Pure.
import type { HostConfig } from '../../api/host-config.ts'
import type { Owners } from '../../archive/owners.ts'
import { EngineError } from '../../errors.ts'
import type { IdMapping, Linux, Namespace } from '../../libcontainer/config/linux.ts'

/** Of a container whose namespaces are joined: its process, now. */
type PidOf = (container: string) => number

export interface NamespaceFacts {
  cgroupVersion: 1 | 2
  /** `userns-remap`: who is who in a user namespace; none when it is off. */
  idMappings?: { uids: IdMapping[]; gids: IdMapping[] } | undefined
  pidOf: PidOf
}

/** `container:ID`. */
export function joined(mode: string | null | undefined): string | undefined {
  return /^container:(.+)$/.exec(mode ?? '')?.[1]
}

/** Does this container get users of its own? */
export function mapsIds(
  { UsernsMode }: HostConfig,
  { idMappings }: Pick<NamespaceFacts, 'idMappings'>,
): boolean {
  return idMappings !== undefined && UsernsMode !== 'host'
}

/** Whose its standard streams are: root's of the container. */
export function streamOwner(
  hostConfig: HostConfig,
  owners: Owners | undefined,
): { owner?: { uid: number; gid: number } } {
  return owners !== undefined && mapsIds(hostConfig, { idMappings: owners }) ? { owner: owners.root } : {}
}

const valid: Readonly<Record<string, RegExp>> = {
  PID: /^(|private|host|container:.+)$/,
  IPC: /^(|none|private|host|shareable|container:.+)$/,
  UTS: /^(|host)$/,
  USER: /^(|host)$/,
  'cgroup namespace': /^(|private|host)$/,
}

/** @throws EngineError `invalid` for a mode that is none */
export function namespacesOf(
  hostConfig: HostConfig,
  facts: NamespaceFacts,
): Pick<Linux, 'namespaces' | 'uidMappings' | 'gidMappings'> {
  const { PidMode, IpcMode, UTSMode, UsernsMode, NetworkMode } = hostConfig
  const cgroupMode = hostConfig.CgroupnsMode || defaultCgroupMode(facts.cgroupVersion)
  const modes = { PID: PidMode, IPC: IpcMode, UTS: UTSMode, USER: UsernsMode, 'cgroup namespace': cgroupMode }
  for (const [name, mode] of Object.entries(modes))
    if (!valid[name]?.test(mode ?? '')) throw new EngineError('invalid', `invalid ${name} mode: ${mode}`)
  const shares = (type: Namespace['type'], mode: string | null | undefined): Namespace[] => {
    if (mode === 'host') return []
    const other = joined(mode)
    return [other === undefined ? { type } : { type, path: pathOf(facts.pidOf(other), type) }]
  }
  const user = userNamespace(hostConfig, facts)
  return {
    namespaces: [
      { type: 'mount' },
      ...shares('network', NetworkMode),
      ...shares('uts', UTSMode),
      ...shares('pid', PidMode),
      ...shares('ipc', IpcMode),
      ...(cgroupMode === 'private' ? [{ type: 'cgroup' } as const] : []),
      ...user.namespaces,
    ],
    ...user.mappings,
  }
}

/**
 * Namespaces belong to a user namespace: who joins one of another container has to be in that container's, and
 * root of a container is nobody in those of the host.
 */
function userNamespace(
  hostConfig: HostConfig,
  facts: NamespaceFacts,
): { namespaces: Namespace[]; mappings: Pick<Linux, 'uidMappings' | 'gidMappings'> } {
  if (!mapsIds(hostConfig, facts)) return { namespaces: [], mappings: {} }
  refuseHost(hostConfig)
  const { NetworkMode, IpcMode, PidMode } = hostConfig
  const other = joined(NetworkMode) ?? joined(IpcMode) ?? joined(PidMode)
  if (other !== undefined)
    return { namespaces: [{ type: 'user', path: pathOf(facts.pidOf(other), 'user') }], mappings: {} }
  const { uids = [], gids = [] } = facts.idMappings ?? {}
  return { namespaces: [{ type: 'user' }], mappings: { uidMappings: uids, gidMappings: gids } }
}

/** Docker's words, but for IPC: there the kernel says EPERM when /dev/mqueue is to be mounted. */
function refuseHost({ Privileged, NetworkMode, PidMode, IpcMode }: HostConfig): void {
  if (Privileged)
    throw new EngineError(
      'invalid',
      'privileged mode is incompatible with user namespaces.  You must run the container in the host namespace when running privileged mode',
    )
  const shared = { "host's network": NetworkMode, 'host PID': PidMode, "host's IPC": IpcMode }
  for (const [what, mode] of Object.entries(shared))
    if (mode === 'host')
      throw new EngineError('invalid', `cannot share the ${what} namespace when user namespaces are enabled`)
}

function pathOf(pid: number, type: Namespace['type']): string {
  return `/proc/${pid}/ns/${type === 'network' ? 'net' : type === 'mount' ? 'mnt' : type}`
}

/** On v1 a container sees the host's cgroups, as it always did. */
function defaultCgroupMode(version: 1 | 2): 'private' | 'host' {
  return version === 2 ? 'private' : 'host'
}
