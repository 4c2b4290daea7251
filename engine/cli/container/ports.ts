// Ports, as `-p` and `--expose` spell them. Pure.
//
//   -p 8080:80               every address of the host
//   -p 127.0.0.1:8080:80/udp
//   -p [::1]::80             a port that the daemon chooses
//   -p 8000-8002:80-82       one to one; -p 8000-8002:80: one of them, which the daemon chooses

export interface PublishedPort {
  /** `80/tcp`. */
  port: string
  hostIp: string
  /** Empty: any. */
  hostPort: string
}

interface Range {
  first: number
  last: number
}

/** @throws RangeError in Docker's words */
export function parsePublish(text: string): PublishedPort[] {
  const [, place = '', protocol = 'tcp'] = /^(.*?)(?:\/(\w+))?$/.exec(text) ?? []
  if (!['tcp', 'udp', 'sctp'].includes(protocol.toLowerCase()))
    throw new RangeError(`invalid proto: ${protocol}`)
  const [, hostIp = '', host = '', container = ''] =
    /^(?:(\[[^\]]*\]|[^:]*):)?(?:([^:]*):)?([^:]*)$/.exec(withHost(place)) ?? []
  if (container === '') throw new RangeError(`no port specified: ${text}<empty>`)
  const inside = parseRange(container, `invalid containerPort: ${container}`)
  const count = inside.last - inside.first
  const ip = hostIp.replace(/^\[|\]$/g, '')
  const one = (offset: number, hostPort: string): PublishedPort => ({
    port: `${inside.first + offset}/${protocol.toLowerCase()}`,
    hostIp: ip,
    hostPort,
  })
  if (host === '') return each(count, (offset) => one(offset, ''))
  const outside = parseRange(host, `invalid hostPort: ${host}`)
  if (outside.last - outside.first === count)
    return each(count, (offset) => one(offset, String(outside.first + offset)))
  if (count > 0)
    throw new RangeError(`invalid ranges specified for container and host Ports: ${container} and ${host}`)
  return [one(0, host)]
}

/** `8080:80` has no address, `80` neither that nor a port of the host. */
function withHost(place: string): string {
  const parts = place.startsWith('[')
    ? place.slice(place.indexOf(']') + 1).split(':').length
    : place.split(':').length
  return parts === 1 ? `::${place}` : parts === 2 && !place.startsWith('[') ? `:${place}` : place
}

/** `80`, `80/udp`, `80-90/tcp`. @returns `['80/tcp', …]` */
export function parseExpose(text: string): string[] {
  const [, ports = '', protocol = 'tcp'] = /^([^/]*)(?:\/(\w+))?$/.exec(text) ?? []
  const { first, last } = parseRange(ports, `invalid range format for --expose: ${text}`)
  return each(last - first, (offset) => `${first + offset}/${protocol.toLowerCase()}`)
}

function parseRange(text: string, complaint: string): Range {
  const [, first = '', last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? []
  const range = { first: Number(first), last: Number(last) }
  if (first === '' || range.last > 65535 || range.first > range.last) throw new RangeError(complaint)
  return range
}

function each<T>(count: number, work: (offset: number) => T): T[] {
  return Array.from({ length: count + 1 }, (_, offset) => work(offset))
}
