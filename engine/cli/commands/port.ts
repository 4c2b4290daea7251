// `tocker port`: which of the host's ports lead into a container.
import type { ContainerInspect } from '../../api/container.ts'
import { path } from '../../client/client.ts'
import { EngineError } from '../../errors.ts'
import type { Verb } from '../verb.ts'

type Bindings = Record<string, { HostIp: string; HostPort: string }[] | null>

export const verb: Verb = {
  usage: 'CONTAINER [PRIVATE_PORT[/PROTO]]',
  flags: [],
  arity: [1, 2],
  run: async ({ client, streams }, _flags, [name = '', port]) => {
    const { NetworkSettings } = await client.json<ContainerInspect>({
      path: path('/containers/', name, '/json'),
    })
    const all = (NetworkSettings.Ports ?? {}) as Bindings
    const wanted = port === undefined ? undefined : port.includes('/') ? port.toLowerCase() : `${port}/tcp`
    const address = ({ HostIp, HostPort }: { HostIp: string; HostPort: string }): string =>
      `${HostIp.includes(':') ? `[${HostIp}]` : HostIp}:${HostPort}`
    if (wanted !== undefined) {
      const found = all[wanted] ?? []
      if (found.length === 0)
        throw new EngineError('not-found', `no public port '${port}' published for ${name}`)
      streams.out(found.map((one) => `${address(one)}\n`).join(''))
      return 0
    }
    const lines = Object.entries(all).flatMap(([inside, outside]) =>
      (outside ?? []).map((one) => ({ inside, line: `${inside} -> ${address(one)}\n` })),
    )
    const number = (text: string): number => Number.parseInt(text, 10)
    streams.out(
      lines
        .toSorted((a, b) => number(a.inside) - number(b.inside))
        .map(({ line }) => line)
        .join(''),
    )
    return 0
  },
}
