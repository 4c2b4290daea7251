// QMP, QEMU's control socket: JSON lines, one command at a time.
// https://www.qemu.org/docs/master/interop/qmp-spec.html
//
// Called by machine.ts only. QEMU greets first, and refuses everything until
// `qmp_capabilities` was said.
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'

const lineSchema = z.object({
  QMP: z.unknown().optional(),
  return: z.unknown().optional(),
  error: z.object({ desc: z.string() }).optional(),
  event: z.string().optional(),
})

interface Waiting {
  resolve: (value: unknown) => void
  reject: (error: Error) => void
}

export class Qmp implements Disposable {
  #socket: Socket
  #waiting: Waiting[] = []

  private constructor(socket: Socket, onGreeting: () => void) {
    this.#socket = socket
    createInterface({ input: socket })
      .on('line', (line) => {
        const message = lineSchema.parse(JSON.parse(line))
        if (message.QMP !== undefined) onGreeting()
        else if (message.event === undefined) {
          const waiting = this.#waiting.shift()
          if (message.error) waiting?.reject(new Error(`QEMU: ${message.error.desc}`))
          else waiting?.resolve(message.return)
        }
      })
      .on('error', () => {})
    socket.on('close', () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error('QEMU closed its control socket'))
    })
  }

  /** Connects as soon as QEMU listens. `alive` says whether it is still worth waiting. */
  static async connect(path: string, alive: () => boolean): Promise<Qmp> {
    for (;;) {
      const socket = connect(path)
      const connected = await new Promise<boolean>((resolve) => {
        socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
      })
      if (connected) {
        socket.on('error', () => {})
        return await new Promise<Qmp>((resolve, reject) => {
          const qmp = new Qmp(socket, () => {
            qmp.execute('qmp_capabilities').then(() => resolve(qmp), reject)
          })
          socket.once('close', () => reject(new Error('QEMU closed its control socket')))
        })
      }
      if (!alive()) throw new Error('QEMU ended before it listened')
      await sleep(20)
    }
  }

  execute(command: string, args: Record<string, unknown> = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`)
    })
  }

  /** A command of the human monitor. It reports failure as text: anything printed is an error. */
  async monitor(line: string): Promise<void> {
    const said = await this.execute('human-monitor-command', { 'command-line': line })
    if (typeof said === 'string' && said.trim() !== '') throw new Error(`QEMU: ${said.trim()}`)
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }
}
