// What the command line of `tocker-runtime` sets in motion, verb by verb. Each
// part is loaded when it is called: `kill` must not pay for what `create` needs.
//
// Next: engine/libcontainer/create.ts
import type { Engine } from './commands/verb.ts'
import type { InitPool } from './warm.ts'

/** @param init command line that becomes init */
export function engineOf(init: readonly [string, ...string[]]): Engine {
  let ahead: InitPool | undefined
  return {
    expectContainer: async () => {
      ahead = (await import('./warm.ts')).startAhead(init)
    },
    createContainer: async (options) => {
      using warm = ahead
      return await (await import('./create.ts')).createContainer({
        ...options,
        init,
        ...(warm ? { warm } : {}),
      })
    },
    startContainer: async (root, state, listener) =>
      (await import('./run.ts')).startContainer(root, state, listener),
    runContainer: async (options) => {
      using warm = ahead
      return await (await import('./run.ts')).runContainer({ ...options, init, ...(warm ? { warm } : {}) })
    },
    execInContainer: async (options) => (await import('./run.ts')).runInContainer({ ...options, init }),
    killContainer: async (...args) => (await import('./kill.ts')).killContainer(...args),
    deleteContainer: async (...args) => (await import('./delete.ts')).deleteContainer(...args),
    cgroupOf: async (state) => (await import('./cgroups/open.ts')).cgroupOf(state),
  }
}
