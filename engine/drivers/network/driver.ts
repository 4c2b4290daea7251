// What a network driver is: the thing that lets a container speak with others.
//
// Docker's three words for it, from its Container Network Model:
//
//   sandbox    a container's network namespace: interfaces, routes, rules of its own. New,
//              it has a loopback interface and nothing else: no way in, no way out
//   network    those who can reach each other without anybody in between. For the driver
//              `bridge` that is a switch made of software, and a subnet of addresses
//   endpoint   what joins a sandbox to a network. For `bridge` a veth pair, a cable with
//              two plugs: one is a port of the switch, the other is the sandbox's eth0
//
//    sandbox of web            host                              sandbox of db
//   ┌─────────────┐   ┌──────────────────────────────────────┐   ┌─────────────┐
//   │ eth0        │   │ veth1a2b3c4   tocker0    veth5d6e7f8 │   │        eth0 │
//   │ 172.17.0.2 ─┼───┼─────○────── 172.17.0.1 ───────○──────┼───┼─ 172.17.0.3 │
//   └─────────────┘   │               │ routes, masquerades  │   └─────────────┘
//                     │             eth0 192.0.2.7           │
//                     └──────────────────────────────────────┘
//
// A container may have several endpoints, one on each of several networks. Two kinds of
// container have none that anybody made: with `host` it has the host's namespace and no
// sandbox at all, with `container:ID` it joins another's. `none` is a sandbox as new.
//
// What is there, is in the kernel: a driver keeps no list. Which networks and endpoints
// there ought to be stands in the database, written before the first interface is made
// and removed after the last is gone, so that whatever a killed daemon left has a row
// that says how to take it away. All verbs can be said twice: what is there stays, what
// is gone is gone.
//
// An endpoint is joined between create and start of its container (engine/drivers/exec):
// the process is there and waits, so /proc/PID/ns/net is its sandbox, whatever runtime
// made it. And it is the sandbox that owns the plug: when its last process ends, the
// kernel takes away the veth pair, also when nobody is left who would.
//
// Rejected: namespaces made ahead and mounted below /run, as Docker has them. They are
// the host's then, and not of the container's user namespace, and outlive everybody.
//
// Next: engine/drivers/network/bridge.ts
import type { Address, Subnet } from './address.ts'
import type { Published } from './port-mapping.ts'

/** A network that has interfaces, as the driver needs to know it. */
export interface BridgeNetwork {
  /** 64 hexadecimal digits. */
  id: string
  /** The interface: `tocker0`, `br-1a2b3c4d5e6f`. */
  bridge: string
  /** It is the user's own: neither made nor taken away. */
  adopted: boolean
  /** One of IPv4, of IPv6, or of both. */
  subnets: readonly { subnet: Subnet; gateway: Address }[]
  /** No way out, and none in. */
  internal: boolean
  /** Containers may speak with each other: `com.docker.network.bridge.enable_icc`. */
  icc: boolean
  /** What leaves the host has the host's address. */
  masquerade: boolean
  /** Bytes; undefined: the kernel's. */
  mtu?: number
}

export interface Endpoint {
  id: string
  /** The host's end of the pair, and the sandbox's: `veth1a2b3c4`, `eth0`. */
  veth: string
  interface: string
  mac: string
  addresses: readonly { address: Address; prefix: number }[]
  /** Where its sandbox sends what is for nobody near. Empty when another endpoint has the default route. */
  gateways: readonly Address[]
  published: readonly Published[]
  /** Set in the sandbox when the interface is there: `net.ipv4.conf.eth0.log_martians=1`. */
  sysctls: readonly string[]
}

export interface NetworkDriver {
  /** As `docker network create -d` names it. */
  readonly name: string

  /** Makes the network, or what of it is missing. */
  open(network: BridgeNetwork): Promise<void>

  /** Takes it away: every interface, every rule. */
  close(network: BridgeNetwork): Promise<void>

  /** Joins a sandbox to an open network. @param pid of a process in it @throws EngineError with nothing left behind */
  attach(network: BridgeNetwork, endpoint: Endpoint, pid: number): Promise<void>

  /** From here on its ports lead nowhere. */
  unpublish(endpoint: Endpoint): Promise<void>

  /** Its sandbox has ended: resolves when the interfaces have gone with it. */
  detach(endpoint: Endpoint): Promise<void>

  /** Takes it out of a sandbox that goes on. */
  unplug(endpoint: Endpoint): Promise<void>
}
