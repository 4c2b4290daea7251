// `docker rm --link web/database`: not the container, but what it was linked to with
// `--link db:database`. It is gone from the next start on.
//
// Called by routes/containers.ts.
import { EngineError } from '../../errors.ts'
import type { ContainerRecord } from '../container/record.ts'
import type { DaemonJob } from '../daemon.ts'
import { linksOf } from '../network/names.ts'

export const containerUnlink: DaemonJob<{ container: string }, void> = {
  name: 'container-unlink',
  async run({ containers }, { container: text }) {
    // Of what is not there Docker says so, and asks for a link after that.
    if (!text.replace(/^\//, '').includes('/')) containers.find(text)
    const { parent, alias } = splitLink(text)
    const { id } = containers.find(parent)
    await containers.turns.take(id, async () => containers.save(withoutLink(containers.find(id), alias)))
  },
}

/** @throws EngineError `conflict`, in Docker's words, for the name of a container: it must not go by mistake */
export function splitLink(text: string): { parent: string; alias: string } {
  const [, parent, alias] = /^\/?([^/]+)\/([^/]+)$/.exec(text) ?? []
  if (parent === undefined || alias === undefined)
    throw new EngineError('conflict', 'Conflict, cannot remove the default link name of the container')
  return { parent, alias }
}

/** Pure. @throws EngineError `not-found` */
export function withoutLink(record: ContainerRecord, alias: string): ContainerRecord {
  const { hostConfig, networks, name } = record
  const others = (network: string): string[] =>
    linksOf(record, network)
      .filter((link) => link.alias !== alias)
      .map((link) => `${link.target}:${link.alias}`)
  const all = [...new Set([...Object.keys(networks), hostConfig.NetworkMode ?? ''])]
  if (!all.some((network) => linksOf(record, network).some((link) => link.alias === alias)))
    throw new EngineError('not-found', `container ${name} has no link ${alias}`)
  return {
    ...record,
    hostConfig: { ...hostConfig, Links: null },
    networks: Object.fromEntries(
      Object.entries(networks).map(([network, { id, settings }]) => {
        const Links = others(network)
        return [network, { id, settings: { ...settings, Links: Links.length === 0 ? null : Links } }]
      }),
    ),
  }
}
