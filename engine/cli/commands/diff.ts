// `tocker diff`: what a container changed in its root filesystem.
//
//   C /etc            changed: something in it did
//   A /etc/motd       added
//   D /etc/group      deleted
import { path } from '../../client/client.ts'
import type { Verb } from '../verb.ts'

const kinds = ['C', 'A', 'D'] as const

export const verb: Verb = {
  usage: 'CONTAINER',
  flags: [],
  arity: [1, 1],
  run: async ({ client, streams }, _flags, [name = '']) => {
    const changes = await client.json<{ Path: string; Kind: number }[] | null>({
      path: path('/containers/', name, '/changes'),
    })
    streams.out((changes ?? []).map(({ Kind, Path }) => `${kinds[Kind] ?? '?'} ${Path}\n`).join(''))
    return 0
  },
}
