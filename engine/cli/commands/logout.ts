// `tocker logout`: forgets who we are at a registry.
import { CredentialStore } from '../../distribution/credentials.ts'
import { serverOf } from '../../distribution/registry.ts'
import type { Verb } from '../verb.ts'
import { registryDomain, shownRegistry } from './registry-domain.ts'

export const verb: Verb = {
  usage: '[SERVER]',
  flags: [],
  arity: [0, 1],
  notes: 'Without a server, from Docker Hub.',
  run: async ({ streams }, _flags, [server]) => {
    const domain = registryDomain(server)
    const removed = new CredentialStore().erase(serverOf(domain))
    streams.out(
      removed
        ? `Removing login credentials for ${shownRegistry(domain)}\n`
        : `Not logged in to ${shownRegistry(domain)}\n`,
    )
    return 0
  },
}
