// What daemon.json and the flags say about networks, complete.
//
// Next: engine/daemon/network/networks.ts
import type { PoolSource } from '../../drivers/network/ipam.ts'

export interface NetworkSettings {
  /** Of the default bridge; `none` for a daemon without one. Left out: it has a name of ours. */
  bridge?: string
  /** Its address and subnet: `10.1.0.1/16`. */
  bip?: string
  /** The part of it that containers get: `10.1.4.0/24`. */
  fixedCidr?: string
  fixedCidrV6?: string
  defaultGateway?: string
  ipv6: boolean
  mtu?: number
  icc: boolean
  masquerade: boolean
  /** False: no rules of nft, whoever publishes ports is served by sockets alone. */
  rules: boolean
  /** Switch on net.ipv4.ip_forward. */
  forward: boolean
  /** Where a port is published that names no address. */
  hostIp: string
  pools: readonly PoolSource[]
  dns: readonly string[]
  dnsSearch: readonly string[]
  dnsOptions: readonly string[]
  /** What `host-gateway` means in --add-host; left out, the default bridge's address. */
  hostGateway?: string
}
