// `tocker network connect`: one more network for a container, while it runs or for its next start.
import { path } from '../../client/client.ts'
import { present } from '../container/resources.ts'
import { parsePair } from '../quantity.ts'
import type { Verb } from '../verb.ts'

export const verb: Verb = {
  usage: '[OPTIONS] NETWORK CONTAINER',
  flags: [
    { name: 'alias', value: 'list', list: true, help: 'Add network-scoped alias for the container' },
    { name: 'driver-opt', value: 'list', list: true, help: 'driver options for the network' },
    { name: 'gw-priority', value: 'int', help: 'Highest gw-priority provides the default gateway' },
    { name: 'ip', value: 'string', help: 'IPv4 address (e.g., "172.30.100.104")' },
    { name: 'ip6', value: 'string', help: 'IPv6 address (e.g., "2001:db8::33")' },
    { name: 'link', value: 'list', list: true, help: 'Add link to another container' },
    { name: 'link-local-ip', value: 'list', list: true, help: 'Add a link-local address for the container' },
  ],
  arity: [2, 2],
  run: async ({ client }, flags, [network = '', Container]) => {
    const IPAMConfig = present({
      IPv4Address: flags.text('ip'),
      IPv6Address: flags.text('ip6'),
      LinkLocalIPs: flags.has('link-local-ip') ? flags.list('link-local-ip') : undefined,
    })
    const EndpointConfig = present({
      IPAMConfig: Object.keys(IPAMConfig).length > 0 ? IPAMConfig : undefined,
      Aliases: flags.has('alias') ? flags.list('alias') : undefined,
      Links: flags.has('link') ? flags.list('link') : undefined,
      DriverOpts: flags.has('driver-opt')
        ? Object.fromEntries(flags.list('driver-opt').map(parsePair))
        : undefined,
      GwPriority: flags.value('gw-priority', Number),
    })
    await client.done({
      method: 'POST',
      path: path('/networks/', network, '/connect'),
      body: { Container, EndpointConfig },
    })
    return 0
  },
}
