// `--link db:database` on the default network, which has no name server: a line in /etc/hosts
// and variables of the environment, as they were when the container started. Pure.
//
// On networks that users make, a link is one more name (names.ts).
import { EngineError } from '../../errors.ts'
import type { ContainerRecord } from '../container/record.ts'

export interface Link {
  alias: string
  target: ContainerRecord
  /** Of the target, on this network. */
  address: string
}

/** @throws EngineError `conflict`, in Docker's words, for one that does not run */
export function checkLink(asker: ContainerRecord, target: ContainerRecord, alias: string): void {
  if (target.state.pid === 0)
    throw new EngineError(
      'conflict',
      `Cannot link to a non running container: /${target.name} AS /${asker.name}/${alias}`,
    )
}

/** `172.17.0.2	database 1a2b3c4d5e6f db`. */
export function linkLines(links: readonly Link[]): string[] {
  return links.map(({ alias, target, address }) => {
    const names = [alias, target.config.Hostname || target.id.slice(0, 12), target.name]
    return `${address}\t${[...new Set(names)].join(' ')}`
  })
}

/** `DATABASE_PORT_5432_TCP_ADDR=172.17.0.2` and its kin. */
export function linkEnvironment(asker: ContainerRecord, links: readonly Link[]): string[] {
  return links.flatMap(({ alias, target, address }) => {
    const prefix = alias.replaceAll('-', '_').toUpperCase()
    const ports = Object.keys(target.config.ExposedPorts ?? {})
      .map((text) => text.split('/'))
      .toSorted(([a = ''], [b = '']) => Number(a) - Number(b))
    const url = ([port = '', protocol = 'tcp']: readonly string[]): string =>
      `${protocol}://${address}:${port}`
    const [first] = ports
    return [
      ...(first === undefined ? [] : [`${prefix}_PORT=${url(first)}`]),
      ...ports.flatMap(([port = '', protocol = 'tcp']) => {
        const name = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`
        return [
          `${name}=${url([port, protocol])}`,
          `${name}_ADDR=${address}`,
          `${name}_PORT=${port}`,
          `${name}_PROTO=${protocol}`,
        ]
      }),
      `${prefix}_NAME=/${asker.name}/${alias}`,
      ...(target.config.Env ?? [])
        .filter((one) => !/^(HOME|PATH)=/.test(one))
        .map((one) => `${prefix}_ENV_${one}`),
    ]
  })
}
