// `events`: what a container uses, every few seconds, and each blow of the OOM
// killer; one JSON object a line. `--stats`: once, and done.
//
// containerd has no other way to learn the numbers of a container it did not start
// with its own shim, and runc's shape is what it parses.
import { EngineError } from '../../errors.ts'
import { loadState } from '../state.ts'
import { liveCgroup } from './container.ts'
import type { Verb } from './verb.ts'

export const verb: Verb = {
  summary: 'display container events such as OOM notifications, cpu, memory, and IO usage statistics',
  usage: '[options] <container-id>',
  flags: [
    { name: 'interval', kind: 'text', help: 'set the stats collection interval (default: 5s)' },
    { name: 'stats', kind: 'switch', help: "display the container's stats then exit" },
  ],
  arity: [1, 1],
  async run(context, flags, [id = '']) {
    const interval = parseDuration(flags.text('interval') ?? '5s')
    const state = loadState(context.root, id)
    const cgroup = await liveCgroup(context, state)
    const say = (event: object): void => context.print(`${JSON.stringify(event)}\n`)
    const stats = (): void => say({ type: 'stats', id, data: cgroup.stats() })
    if (flags.on('stats')) {
      stats()
      return 0
    }
    // The watcher keeps us running; it ends with the container's last process.
    await new Promise<void>((resolve) => {
      const timer = setInterval(stats, interval)
      const watch = cgroup.watchOom({
        onOom: () => say({ type: 'oom', id }),
        onEnd: () => {
          clearInterval(timer)
          watch[Symbol.dispose]()
          resolve()
        },
      })
    })
    return 0
  },
}

const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 }

/** Go's way to write a time: `1m30s`, `500ms`. Pure. @returns milliseconds */
export function parseDuration(text: string): number {
  if (!/^(\d+(\.\d+)?(ms|[hms]))+$/.test(text))
    throw new EngineError(
      'invalid',
      `invalid value "${text}" for flag -interval: it is not a time such as 5s`,
    )
  const parts = [...text.matchAll(/([\d.]+)(ms|[hms])/g)]
  const total = parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (units[unit] ?? 0), 0)
  if (total < 1) throw new EngineError('invalid', 'duration interval must be greater than 0')
  return total
}
