// Live views as text: namespaces as a tree with colours, a cgroup as a gauge and
// a line of its past. Pure: samples in, lines out.
import { type CgroupSample, type NamespacesSample, namespaceNames } from '../player/watch.ts'
import { paint } from './markdown.ts'

const colours = ['yellow', 'magenta', 'green', 'blue', 'red', 'cyan'] as const

/** Processes as a tree. A namespace that is not the host's has a colour; the same namespace, the same colour. */
export function namespacesLines(sample: NamespacesSample, width: number): string[] {
  const known = new Map<string, (typeof colours)[number]>()
  const colour = (inode: string): (typeof colours)[number] => {
    const found = known.get(inode) ?? colours[known.size % colours.length] ?? 'yellow'
    known.set(inode, found)
    return found
  }
  const lines = sample.processes.map((process) => {
    const own = namespaceNames.filter(
      (name) => process.namespaces[name] && process.namespaces[name] !== sample.host[name],
    )
    const depth = depthOf(process.pid, sample)
    const name = `${'  '.repeat(depth)}${depth > 0 ? '└ ' : ''}${process.command}`
    const pids = process.nspid.join(' → ')
    const tags = own
      .map((one) =>
        paint(colour(process.namespaces[one] ?? ''), `${one}:${(process.namespaces[one] ?? '').slice(-4)}`),
      )
      .join(' ')
    const where = process.terminal ? paint('dim', ` (${process.terminal})`) : ''
    const mark = process.pid === sample.focus ? paint('bold', '▸') : ' '
    return `${mark}${name.padEnd(18)} pid ${pids.padEnd(12)} ${tags || paint('dim', 'as the host')}${where}`
  })
  return [
    paint('dim', '  process            pid outside → inside   namespaces of its own'.slice(0, width)),
    ...lines,
  ]
}

function depthOf(pid: number, sample: NamespacesSample): number {
  const parent = sample.processes.find(
    (one) => one.pid === sample.processes.find((two) => two.pid === pid)?.ppid,
  )
  return parent ? 1 + depthOf(parent.pid, sample) : 0
}

const blocks = ' ▁▂▃▄▅▆▇█'

/** A gauge of memory.current, and its past as a line of blocks. */
export function cgroupLines(history: readonly CgroupSample[], width: number): string[] {
  const last = history.at(-1)
  if (!last?.exists || !last.memory) return [paint('dim', `${last?.path ?? 'the cgroup'}: not there yet`)]
  const { current, max, oomKills } = last.memory
  const top = max ?? Math.max(...history.map((one) => one.memory?.current ?? 0), 1)
  const cells = Math.max(10, Math.min(40, width - 36))
  const filled = Math.min(cells, Math.round((current / top) * cells))
  const style = max !== null && current > max * 0.9 ? 'red' : 'green'
  const gauge = paint(style, '█'.repeat(filled)) + paint('dim', '░'.repeat(cells - filled))
  const spark = history
    .slice(-cells)
    .map((one) => blocks[Math.min(8, Math.round(((one.memory?.current ?? 0) / top) * 8))] ?? ' ')
    .join('')
  const kills = oomKills > 0 ? paint('red', `  OOM kills: ${oomKills}`) : ''
  return [
    `memory ${gauge} ${megabytes(current)} of ${max === null ? 'no limit' : megabytes(max)}`,
    `       ${paint('cyan', spark.padEnd(cells))}${kills}`,
    paint(
      'dim',
      `procs  ${last.processes.map(({ pid, command }) => `${command} (${pid})`).join(', ') || 'none'}`,
    ),
  ]
}

function megabytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MB`
}
