// `--network container:ID`: a container that joins another's network, and so is called what
// that one is called. It has its hostname, and its very files of names: whatever is written
// into /etc/hosts by one is read by both.
//
// Called by lifecycle.ts and launch.ts.
import type { Containers } from './containers.ts'
import type { ContainerRecord } from './record.ts'

/** Whose network it joins, over any number of others; undefined when it has one of its own. */
export function networkOwner(
  containers: Pick<Containers, 'find'>,
  { hostConfig }: Pick<ContainerRecord, 'hostConfig'>,
): ContainerRecord | undefined {
  const [, text] = /^container:(.+)$/.exec(hostConfig.NetworkMode ?? '') ?? []
  const other = text === undefined ? undefined : lookUp(containers, text)
  // One that does not run has joined nobody yet; and whoever joins it is refused.
  if (other === undefined || other.state.pid === 0) return other
  return networkOwner(containers, other) ?? other
}

function lookUp(containers: Pick<Containers, 'find'>, text: string): ContainerRecord | undefined {
  try {
    return containers.find(text)
  } catch {
    // It is gone; joining its namespaces says so.
    return undefined
  }
}

/** With the hostname that it has while it runs. */
export function underItsName(containers: Pick<Containers, 'find'>, record: ContainerRecord): ContainerRecord {
  const owner = networkOwner(containers, record)
  if (owner === undefined) return record
  return { ...record, config: { ...record.config, Hostname: owner.config.Hostname || owner.id.slice(0, 12) } }
}
