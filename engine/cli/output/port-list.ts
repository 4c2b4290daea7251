// `0.0.0.0:8080->80/tcp, 443/tcp`: ports as `tocker ps` tells them. Pure.
//
// Ports in a row that are published one to one are told as one, 7000-7002, as Docker does.
import type { ContainerSummary } from '../../api/container.ts'

type Port = NonNullable<ContainerSummary['Ports']>[number]

export function portList(ports: readonly Port[]): string {
  const sorted = [...ports].sort(
    (a, b) =>
      a.PrivatePort - b.PrivatePort ||
      byBytes(a.IP ?? '', b.IP ?? '') ||
      (a.PublicPort ?? 0) - (b.PublicPort ?? 0) ||
      byBytes(a.Type, b.Type),
  )
  const runs = new Map<string, { of: Port; first: number; last: number }>()
  const [ended, others]: [string[], string[]] = [[], []]
  for (const port of sorted) {
    const { IP = '', PrivatePort, PublicPort, Type } = port
    if (IP !== '' && PublicPort !== PrivatePort) {
      others.push(`${withPort(IP, String(PublicPort))}->${PrivatePort}/${Type}`)
      continue
    }
    const key = `${IP}/${Type}`
    const run = runs.get(key)
    if (run !== undefined && PrivatePort === run.last + 1) run.last = PrivatePort
    else {
      if (run !== undefined) ended.push(spelled(run))
      runs.set(key, { of: port, first: PrivatePort, last: PrivatePort })
    }
  }
  return [...ended, ...[...runs.values()].map(spelled), ...others].join(', ')
}

/** As Go compares: no language has a say. */
function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function spelled({ of: { IP = '', Type }, first, last }: { of: Port; first: number; last: number }): string {
  const range = first === last ? String(first) : `${first}-${last}`
  return `${IP === '' ? '' : `${withPort(IP, range)}->`}${range}/${Type}`
}

function withPort(address: string, port: string): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
