// `tocker rm`: takes containers away, with what they wrote.
import { path } from '../../client/client.ts'
import { EngineError } from '../../errors.ts'
import { eachNamed } from '../each.ts'
import type { Verb } from '../verb.ts'

export const verb: Verb = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  flags: [
    { name: 'force', short: 'f', help: 'Force the removal of a running container (uses SIGKILL)' },
    { name: 'link', short: 'l', help: 'Remove the specified link' },
    { name: 'volumes', short: 'v', help: 'Remove anonymous volumes associated with the container' },
  ],
  arity: [1, Number.POSITIVE_INFINITY],
  run: async ({ client, streams }, flags, names) => {
    const query = { force: flags.on('force'), v: flags.on('volumes'), link: flags.on('link') }
    const failed: string[] = []
    const status = await eachNamed(streams, names, (name) =>
      client
        .done({ method: 'DELETE', path: path('/containers/', name.replace(/^\//, '')), query })
        .catch((error: unknown) => {
          if (!(error instanceof EngineError) || error.kind !== 'not-found') failed.push(name)
          throw error
        }),
    )
    // By force: one that is not there is as it should be. It is told of all the same.
    return query.force && failed.length === 0 ? 0 : status
  },
}
