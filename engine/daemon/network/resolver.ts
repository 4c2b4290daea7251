// Whom a container asks for names: what its resolv.conf says, and whom its name server asks.
//
// Called by sandboxes.ts. Next: engine/drivers/network/dns/resolv-conf.ts
import { readFileSync } from 'node:fs'
import { type ResolvConf, resolvConf } from '../../drivers/network/dns/resolv-conf.ts'
import type { ContainerRecord } from '../container/record.ts'
import { hasNames } from './names.ts'
import type { NetworkRecord } from './record.ts'
import type { NetworkSettings } from './settings.ts'

/** @param networks those that it is on */
export function resolverOf(
  { hostConfig }: Pick<ContainerRecord, 'hostConfig'>,
  networks: readonly NetworkRecord[],
  { dns, dnsSearch, dnsOptions }: NetworkSettings,
): ResolvConf {
  const onHost = hostConfig.NetworkMode === 'host'
  const mode = onHost ? 'host' : networks.some(hasNames) ? 'user-defined' : 'plain'
  const own = (
    given: readonly string[] | null | undefined,
    ofDaemon: readonly string[],
  ): readonly string[] => (given && given.length > 0 ? given : ofDaemon)
  const overrides = {
    Dns: own(hostConfig.Dns, dns),
    DnsSearch: own(hostConfig.DnsSearch, dnsSearch),
    DnsOptions: own(hostConfig.DnsOptions, dnsOptions),
  }
  return resolvConf(
    mode,
    hostFile(),
    overrides,
    networks.some(({ ipv6 }) => ipv6),
  )
}

function hostFile(): string {
  try {
    return readFileSync('/etc/resolv.conf', 'utf8')
  } catch {
    return ''
  }
}
