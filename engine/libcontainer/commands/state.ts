// `state`: what the specification wants to be known of a container, as JSON.
import { loadState, type RuntimeState } from '../state.ts'
import { ociState, type Status } from '../status.ts'
import { statusNow } from './container.ts'
import type { Verb } from './verb.ts'

export const verb: Verb = {
  summary: 'output the state of a container',
  usage: '<container-id>',
  flags: [],
  arity: [1, 1],
  async run(context, _flags, [id = '']) {
    const state = loadState(context.root, id)
    // runc leaves the owner empty here, and fills it in for `list`.
    const shown = describeContainer(state, await statusNow(context, state), '')
    context.print(JSON.stringify(shown, null, 2))
    return 0
  },
}

/** The specification's state, and what runc adds to it. */
export function describeContainer(state: RuntimeState, status: Status, owner: string) {
  const { annotations, ...rest } = ociState(state, status)
  return {
    ...rest,
    rootfs: state.rootfs,
    created: state.created,
    ...(annotations === undefined ? {} : { annotations }),
    owner,
  }
}
