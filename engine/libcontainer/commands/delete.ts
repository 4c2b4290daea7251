// `delete`: takes away what `create` made, and the name with it.
//
// With --force it ends in success whatever it finds: nothing at all, a container
// that runs, or the half of one whose `create` was killed.
//
// Next: engine/libcontainer/delete.ts
import { EngineError } from '../../errors.ts'
import { lockContainer } from '../lock.ts'
import { loadState, type RuntimeState, removeContainerDirectory } from '../state.ts'
import type { Context, Verb } from './verb.ts'

export const verb: Verb = {
  summary: 'delete any resources held by the container often used with detached container',
  usage: '[options] <container-id>',
  flags: [
    {
      name: 'force',
      short: 'f',
      kind: 'switch',
      help: 'Forcibly deletes the container if it is still running (uses SIGKILL)',
    },
  ],
  arity: [1, 1],
  async run(context, flags, [id = '']) {
    const force = flags.on('force')
    try {
      using _ = lockContainer(context.root, id)
      const state = readState(context, id, force)
      if (state === undefined) removeContainerDirectory(context.root, id)
      else
        await context.engine.deleteContainer(context.root, state, {
          force,
          onWarning: (line) => context.log('warning', line),
        })
    } catch (error) {
      if (!(force && error instanceof EngineError && error.kind === 'not-found')) throw error
      // Of a `create` that was killed before it had the name, there may be a rest.
      removeContainerDirectory(context.root, id)
    }
    return 0
  },
}

/**
 * Under the lock, so no `create` is at work: a directory without a record, or with
 * a damaged one, belongs to nobody. @returns undefined for such a one, with --force
 */
function readState({ root, log }: Context, id: string, force: boolean): RuntimeState | undefined {
  try {
    return loadState(root, id)
  } catch (error) {
    if (!force) throw error
    log('warning', `container ${id} was half-made: only its directory is known, and removed`)
    return undefined
  }
}
