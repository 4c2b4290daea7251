// A container's place on one network, as it is asked for and as `inspect` shows it. Field
// names and types are Docker's: https://docs.docker.com/reference/api/engine/ (EndpointSettings).
import * as z from 'zod/mini'
import { optional } from './host-config.ts'

const text = optional(z.string())
const strings = optional(z.array(z.string()))

export const endpointSettingsSchema = z.object({
  IPAMConfig: optional(z.object({ IPv4Address: text, IPv6Address: text, LinkLocalIPs: strings })),
  /** `container:alias`, on this network. */
  Links: strings,
  /** Names that it has on this network besides its own. */
  Aliases: strings,
  MacAddress: text,
  DriverOpts: optional(z.record(z.string(), z.string())),
  /** The network with the highest has the default route. */
  GwPriority: optional(z.int()),
})
export type EndpointSettings = z.infer<typeof endpointSettingsSchema>

/** What `docker inspect` says of it. */
export interface EndpointInspect {
  IPAMConfig: object | null
  Links: string[] | null
  Aliases: string[] | null
  MacAddress: string
  DriverOpts: Record<string, string> | null
  GwPriority: number
  NetworkID: string
  EndpointID: string
  Gateway: string
  IPAddress: string
  IPPrefixLen: number
  IPv6Gateway: string
  GlobalIPv6Address: string
  GlobalIPv6PrefixLen: number
  DNSNames: string[] | null
}

/** `80/tcp`: where it is reached, null when nowhere. */
export type PortMap = Record<string, { HostIp: string; HostPort: string }[] | null>
