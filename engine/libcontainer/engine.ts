// What the command line of `tocker-runtime` sets in motion, verb by verb. Each
// part is loaded when it is called: `kill` must not pay for what `create` needs.
//
// Next: engine/libcontainer/create.ts
import { errorLine } from '../errors.ts'
import { exitAtOnce } from '../syscalls/process.ts'
import type { Engine } from './commands/verb.ts'
import type { InitSource } from './idle-init.ts'

/**
 * In detached mode it ends the process itself: the program has our descriptors 0 to 2, and runs. Node's own exit
 * would put back how they were when we started, and take O_NONBLOCK away from one who has just set it.
 * @param init command line that becomes init
 * @param ahead one that has been started, for the first container
 */
export function engineOf(init: readonly [string, ...string[]], ahead?: InitSource & Disposable): Engine {
  return {
    createContainer: async (options) => {
      using warm = ahead
      return await (await import('./create.ts')).createContainer({
        ...options,
        init,
        detach: true,
        ...(warm ? { warm } : {}),
      })
    },
    startContainer: async (root, state, listener) => {
      const { NOTIFY_SOCKET: host } = process.env
      using notify = host
        ? (await import('./notify-socket.ts')).NotifySocket.open(root, state.id, host)
        : undefined
      await (await import('./run.ts')).startContainer(root, state, listener)
      if (!state.init || !notify) return
      await notify.forward(state.init, state.init.pid).catch((error: unknown) => {
        listener.onWarning(`systemd was not told: ${errorLine(error)}`)
      })
    },
    runContainer: async (options) => {
      using warm = ahead
      const { runContainer } = await import('./run.ts')
      const result = await runContainer({ ...options, init, ...(warm ? { warm } : {}) })
      return options.detach ? exitAtOnce(result.status) : result
    },
    execInContainer: async (options) => {
      const status = await (await import('./run.ts')).runInContainer({ ...options, init })
      return options.detach ? exitAtOnce(status) : status
    },
    killContainer: async (...args) => (await import('./kill.ts')).killContainer(...args),
    deleteContainer: async (...args) => (await import('./delete.ts')).deleteContainer(...args),
    cgroupOf: async (state) => (await import('./cgroups/open.ts')).cgroupOf(state),
  }
}
