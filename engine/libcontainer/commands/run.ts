// `run`: create, start, wait, delete. With --detach it ends after the start.
//
// Next: engine/libcontainer/run.ts
import { checkTerminal, createFlags, createOptions } from './create.ts'
import type { Verb } from './verb.ts'

export const verb: Verb = {
  summary: 'create and run a container',
  usage: '[options] <container-id>',
  flags: [
    ...createFlags,
    { name: 'detach', short: 'd', kind: 'switch', help: "detach from the container's process" },
    { name: 'keep', kind: 'switch', help: 'do not delete the container after it exits' },
    {
      name: 'no-subreaper',
      kind: 'switch',
      help: 'disable the use of the subreaper used to reap reparented processes',
    },
  ],
  arity: [1, 1],
  async run(context, flags, [id = '']) {
    const options = await createOptions(context, flags, id)
    const detach = flags.on('detach')
    checkTerminal(options.config.process?.terminal ?? false, detach, options.console)
    // --no-subreaper is taken, and changes nothing: in the foreground we wait for
    // one process, whoever adopts the others.
    const { status } = await context.engine.runContainer({ ...options, detach, keep: flags.on('keep') })
    return status
  },
}
