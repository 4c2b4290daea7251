// `tocker commit`: what a container has written becomes a layer of a new image. It is
// configured as the container was run: its command is the image's, its environment too.
import { splitName } from '../image-name.ts'
import type { Verb } from '../verb.ts'
import { changeFlag } from './change-flag.ts'

export const verb: Verb = {
  usage: '[OPTIONS] CONTAINER [REPOSITORY[:TAG]]',
  flags: [
    { name: 'author', short: 'a', value: 'string', help: 'Author (e.g., "Ada Lovelace <ada@example.org>")' },
    changeFlag,
    { name: 'message', short: 'm', value: 'string', help: 'Commit message' },
    { name: 'pause', short: 'p', on: true, help: 'Pause container during commit (default true)' },
  ],
  arity: [1, 2],
  run: async ({ client, streams }, flags, [container = '', name]) => {
    const { Id } = await client.json<{ Id: string }>({
      method: 'POST',
      path: '/commit',
      query: {
        ...{ container, author: flags.text('author'), comment: flags.text('message') },
        ...(name === undefined ? {} : splitName(name)),
        changes: flags.list('change'),
        pause: flags.on('pause') ? '1' : '0',
      },
      body: {},
    })
    streams.out(`${Id}\n`)
    return 0
  },
}
