// What is said to ip(8), line by line: `ip -batch -` reads it, one process for all of it.
//
//   link add veth1a2b3c4 master tocker0 up type veth peer name eth0 netns 4711
//
// Pure text, so it can be shown, tested, and typed by hand.
//
// Next: engine/drivers/network/firewall.ts
import { type Address, formatAddress, lastOf, subnetOf } from './address.ts'
import type { BridgeNetwork, Endpoint } from './driver.ts'
import { macOf } from './ipam.ts'

// #region bridge
/** The switch: an interface of the host, with the address that containers know as their gateway. */
export function bridgeLines({ bridge, subnets, mtu }: BridgeNetwork): string[] {
  const [first] = subnets
  // Without one of its own it would have the lowest of its ports', another one whenever a container comes
  // or goes, and the others would go on sending to the old one.
  const mac = first === undefined ? '' : ` address ${macOf(first.gateway)}`
  return [
    `link add ${bridge}${mac}${mtuWords(mtu)} type bridge`,
    ...subnets.map(({ subnet, gateway }) => addressLine(bridge, gateway, subnet.prefix)),
    `link set ${bridge} up`,
  ]
}
// #endregion bridge

// #region veth
/**
 * The cable: one plug in the switch, the other in the sandbox, in one line. There is no
 * moment at which the host has both, so whoever is killed leaves none lying about.
 */
export function vethLines({ bridge, mtu, icc }: BridgeNetwork, endpoint: Endpoint, pid: number): string[] {
  const { veth, mac } = endpoint
  const size = mtuWords(mtu)
  return [
    `link add ${veth}${size} master ${bridge} up type veth peer name ${endpoint.interface}${size} address ${mac} netns ${pid}`,
    // The switch passes nothing from one such port to another.
    ...(icc ? [] : [`link set ${veth} type bridge_slave isolated on`]),
    // Its own published port leads out of the plug that it came in by, which a switch does not do unasked.
    ...(endpoint.published.length > 0 ? [`link set ${veth} type bridge_slave hairpin on`] : []),
  ]
}
// #endregion veth

// #region sandbox
/** Inside the sandbox: its address, and where everything else is. */
export function sandboxLines({ interface: name, addresses, gateways }: Endpoint): string[] {
  const hasIPv6 = addresses.some(({ address }) => address.family === 6)
  return [
    // Without IPv6 the kernel would make up an address of its own, fe80::…
    ...(hasIPv6 ? [] : [`link set ${name} addrgenmode none`]),
    ...addresses.map(({ address, prefix }) => addressLine(name, address, prefix)),
    `link set ${name} up`,
    ...defaultRouteLines(name, gateways),
  ]
}
// #endregion sandbox

/** `replace`: another endpoint may have had the default route until now. */
export function defaultRouteLines(name: string, gateways: readonly Address[]): string[] {
  return gateways.map((gateway) => `route replace default via ${formatAddress(gateway)} dev ${name}`)
}

function addressLine(name: string, address: Address, prefix: number): string {
  const text = `${formatAddress(address)}/${prefix} dev ${name}`
  if (address.family === 4) {
    const broadcast = { family: 4 as const, value: lastOf(subnetOf(address, prefix)) }
    return `address replace ${text}${prefix >= 31 ? '' : ` broadcast ${formatAddress(broadcast)}`}`
  }
  // We know that nobody else has it: no second of waiting, in which it cannot be used.
  return `address replace ${text} nodad`
}

const mtuWords = (mtu: number | undefined): string => (mtu === undefined ? '' : ` mtu ${mtu}`)
