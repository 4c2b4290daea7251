// What `--network name=…,driver-opt=…` and `--link-local-ip` ask of an endpoint's interface.
//
//   com.docker.network.endpoint.ifname=lan0
//   com.docker.network.endpoint.sysctls=net.ipv4.conf.IFNAME.log_martians=1,net.ipv6.conf.IFNAME.accept_ra=2
//
// Pure. Called by wanted.ts, which refuses what is wrong, and by allocation.ts.
import type { EndpointSettings } from '../../api/endpoint.ts'
import { parseAddress } from '../../drivers/network/address.ts'
import { EngineError } from '../../errors.ts'

const prefix = 'com.docker.network.endpoint.'

/** As the user wants the interface called; undefined when he does not say. */
export function interfaceName({ DriverOpts }: EndpointSettings): string | undefined {
  return DriverOpts?.[`${prefix}ifname`] || undefined
}

/** @param name of the interface, which is IFNAME in what was asked; Docker's client writes it small */
export function sysctlsFor({ DriverOpts }: EndpointSettings, name: string): string[] {
  const text = DriverOpts?.[`${prefix}sysctls`] ?? ''
  return text === '' ? [] : text.split(',').map((one) => one.replace(/\.IFNAME\./i, `.${name}.`))
}

/** @throws EngineError `invalid` */
export function checkEndpointOptions(settings: EndpointSettings): void {
  const refuse = (message: string): never => {
    throw new EngineError('invalid', message)
  }
  const name = interfaceName(settings)
  // Names of interfaces have 15 bytes; a dot would be a directory of /proc/sys.
  if (name !== undefined && !/^[A-Za-z0-9][\w-]{0,14}$/.test(name))
    refuse(`invalid interface name "${name}": it has letters, digits, - and _, 15 at the most`)
  for (const sysctl of sysctlsFor(settings, 'IFNAME'))
    if (!/^net\.(ipv4|ipv6|mpls)\.[a-z0-9_]+\.IFNAME\.[a-z0-9_]+=[^\s=]+$/.test(sysctl))
      refuse(`invalid sysctl "${sysctl}": write it as net.ipv4.conf.IFNAME.log_martians=1`)
  for (const text of settings.IPAMConfig?.LinkLocalIPs ?? []) {
    const address = parseAddress(text)
    const isLocal =
      address !== undefined &&
      (address.family === 4 ? address.value >> 16n === 0xa9fen : address.value >> 118n === 0xfe80n >> 6n)
    if (!isLocal) refuse(`invalid link-local IP address: ${text}`)
  }
}
