// `docker attach`, and what `docker run` does before it starts: a client gets the
// container's input and output.
//
//   client ══ HTTP, hijacked ══ daemon ══ attach connection ══ supervisor ══ container
//
// The daemon only passes bytes on. Attached before the start, the connection is made
// when the streams are there and before the program runs, so the first byte is not missed.
//
// Next: engine/daemon/supervisor/attach.ts
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { detachKeys } from '../../api/detach-keys.ts'
import { allow } from '../container/state-machine.ts'
import type { DaemonJob } from '../daemon.ts'
import { onHangUp } from '../hang-up.ts'
import { splice } from '../splice.ts'

export interface ContainerAttach {
  container: string
  stdin: boolean
  stdout: boolean
  stderr: boolean
  /** What was written before, from the log. */
  logs: boolean
  /** What is written from now on. */
  stream: boolean
  detachKeys: string
  /** Answers the client, and gives the raw connection; called once there is something to attach to. */
  open: (terminal: boolean) => Duplex
  /** Writes what the log has. */
  replay: (client: Duplex) => Promise<void>
}

export const containerAttach: DaemonJob<ContainerAttach, void> = {
  name: 'container-attach',
  async run({ containers, lifecycle, supervisor }, args, job) {
    const { id, state, config } = containers.find(args.container)
    allow('attach', state.status, { id, typed: args.container })
    const terminal = config.Tty ?? false
    const keys = terminal ? detachKeys(args.detachKeys) : undefined
    const connect = async (): Promise<Socket> => {
      const { stream } = await (await supervisor()).attach({
        ...{ container: id, stdout: args.stdout, stderr: args.stderr },
        stdin: args.stdin && (config.OpenStdin ?? false),
      })
      return stream
    }
    lifecycle.tell(containers.find(id), 'attach')
    const left = (): void => {
      const record = containers.get(id)
      if (record !== undefined) lifecycle.tell(record, 'detach')
    }
    if (state.pid !== 0) {
      using undo = new DisposableStack()
      const process = args.stream ? await connect() : undefined
      undo.defer(() => process?.destroy())
      const client = args.open(terminal)
      if (args.logs) await args.replay(client)
      if (process !== undefined && (await splice(client, process, keys))) left()
      client.end()
      return
    }
    const client = args.open(terminal)
    if (args.logs) await args.replay(client)
    if (!args.stream) {
      client.end()
      return
    }
    const process = await new Promise<Socket | undefined>((resolve, reject) => {
      let isConnecting = false
      const watch = onHangUp(client, () => client.destroy())
      const meet = async (): Promise<void> => {
        isConnecting = true
        watch[Symbol.dispose]()
        try {
          resolve(await connect())
        } catch (error) {
          reject(error)
        }
      }
      const waiting = lifecycle.beforeStart(id, meet)
      const leave = (runs: boolean): void => {
        waiting[Symbol.dispose]()
        watch[Symbol.dispose]()
        // Once it is being connected, that is waited for: somebody has to hang up.
        if (isConnecting) return
        // It was about to run when we came.
        if (runs) void meet()
        else resolve(undefined)
      }
      // A start that fails never gets there, and a client may leave: then there is nothing to read.
      void containers
        .until(
          id,
          (one) =>
            one === undefined ||
            one.state.pid !== 0 ||
            (one.state.error !== '' && one.state.error !== state.error),
          job.signal,
        )
        .then(
          (one) => leave(one !== undefined && one.state.pid !== 0),
          () => leave(false),
        )
    })
    if (process !== undefined && (await splice(client, process, keys))) left()
    client.end()
  },
}
