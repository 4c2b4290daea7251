// Live views as text: namespaces as a tree with colours, a cgroup as a gauge and
// a line of its past. Pure: samples in, lines out.
import { type CgroupSample, type NamespacesSample, namespaceNames } from '../player/watch.ts'
import { paint } from './paint.ts'

const colours = ['yellow', 'magenta', 'green', 'blue', 'red', 'cyan'] as const

/** Processes as a tree. A namespace that is not the host's has a colour; the same namespace, the same colour. */
export function namespacesLines(sample: NamespacesSample, width: number): string[] {
  const known = new Map<string, (typeof colours)[number]>()
  const colour = (inode: string): (typeof colours)[number] => {
    const found = known.get(inode) ?? colours[known.size % colours.length] ?? 'yellow'
    known.set(inode, found)
    return found
  }
  const room = width - 44
  const lines = sample.processes.map((process) => {
    const own = namespaceNames.filter(
      (name) => process.namespaces[name] && process.namespaces[name] !== sample.host[name],
    )
    const depth = depthOf(process.pid, sample)
    const name = `${'  '.repeat(depth)}${depth > 0 ? '└ ' : ''}${process.command}`
    const pids = process.nspid.join(' → ')
    const number = (one: (typeof own)[number]): string => process.namespaces[one] ?? ''
    // The end of the inode number tells two namespaces apart; where there is no room the colour must do.
    const long = own.map((one) => `${one}:${number(one).slice(-4)}`)
    const words = long.join(' ').length <= room ? long : own
    const tags = words.map((word, index) => paint(colour(number(own[index] ?? 'mnt')), word)).join(' ')
    const where = process.terminal ? paint('dim', ` (${process.terminal})`) : ''
    const mark = process.pid === sample.focus ? paint('bold', '▸') : ' '
    return `${mark}${name.slice(0, 20).padEnd(20)} pid ${pids.padEnd(14)} ${tags || paint('dim', 'as the host')}${where}`
  })
  const head = '  process             outside → inside   its own namespaces'
  return [paint('dim', head.slice(0, width)), ...lines]
}

function depthOf(pid: number, sample: NamespacesSample): number {
  const parent = sample.processes.find(
    (one) => one.pid === sample.processes.find((two) => two.pid === pid)?.ppid,
  )
  return parent ? 1 + depthOf(parent.pid, sample) : 0
}

const eighths = ' ▁▂▃▄▅▆▇█'

/** A gauge of memory.current, and its past as a plot. */
export function cgroupLines(history: readonly CgroupSample[], width: number): string[] {
  const last = history.at(-1)
  if (!last?.exists || !last.memory) return [paint('dim', `${last?.path ?? 'the cgroup'}: not there yet`)]
  const { current, max, oomKills } = last.memory
  const values = history.map((one) => one.memory?.current ?? 0)
  const top = max ?? Math.max(...values, 1)
  const cells = Math.max(10, width - 32)
  const filled = Math.min(cells, Math.round((current / top) * cells))
  const style = max !== null && current > max * 0.9 ? 'red' : 'green'
  const gauge = paint(style, '█'.repeat(filled)) + paint('dim', '░'.repeat(cells - filled))
  const [high = '', ...lower] = plot(values.slice(-cells), top, 3)
  const kills = oomKills > 0 ? paint('red', `  OOM kills: ${oomKills}`) : ''
  const running = last.processes.map(({ pid, command }) => `${command} (${pid})`).join(', ')
  return [
    `memory ${gauge} ${megabytes(current)} of ${max === null ? 'no limit' : megabytes(max)}`,
    `  past ${paint('cyan', high.padEnd(cells))}${kills}`,
    ...lower.map((line) => `       ${paint('cyan', line)}`),
    paint('dim', `inside ${running || 'no process'}`),
  ]
}

/** Values as columns, `rows` lines high. */
function plot(values: readonly number[], top: number, rows: number): string[] {
  return Array.from({ length: rows }, (_, row) =>
    values
      .map((value) => {
        const level = Math.round((value / top) * rows * 8) - (rows - 1 - row) * 8
        return eighths[Math.max(0, Math.min(8, level))] ?? ' '
      })
      .join(''),
  )
}

function megabytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MB`
}
