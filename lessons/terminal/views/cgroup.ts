// A cgroup as text: a gauge and a line of its past for each controller, and its
// children as bars. Pure: samples in, lines out.
import type { ViewWords } from '../../language/views.ts'
import { bytesInWords, percentOfCpu } from '../../player/watch/amounts.ts'
import { type CgroupPicture, cgroupPicture, type Point } from '../../player/watch/cgroup-history.ts'
import type { CgroupSample } from '../../player/watch/samples.ts'
import { cell, colourOf, type Piece, row } from './row.ts'

const eighths = ' ▁▂▃▄▅▆▇█'

export function cgroupLines(history: readonly CgroupSample[], width: number, words: ViewWords): string[] {
  const picture = cgroupPicture(history)
  if (!picture?.sample.exists) {
    const gone = history.some((one) => one.exists)
    const path = history.at(-1)?.path ?? ''
    return [row(width, [`${path} ${gone ? words.cgroup.gone : words.cgroup.missing}`, 'dim'])]
  }
  const { sample, shown } = picture
  const draw = { cpu, memory, io, pids }
  const names = sample.processes.map(({ pid, command }) => `${command} (${pid})`).join(', ')
  const rest = sample.more > 0 ? ` ${words.more(sample.more)}` : ''
  return [
    ...(sample.frozen ? [row(width, [`❄ ${words.cgroup.frozen}`, ['bold', 'cyan']])] : []),
    ...shown.flatMap((one) => draw[one](picture, width, words)),
    ...siblings(picture, width, words),
    row(width, [`${words.cgroup.members}: ${names || words.cgroup.nobody}${rest}`, 'dim']),
  ]
}

function cpu(
  { sample, plots, cpu: now, throttled }: CgroupPicture,
  width: number,
  words: ViewWords,
): string[] {
  const quota = sample.cpu?.quota ?? null
  const text = [
    now === null ? '…' : `${percentOfCpu(now)} %`,
    ...(quota === null ? [] : [words.cgroup.limit(words.cgroup.ofCpu(percentOfCpu(quota)))]),
    ...(sample.cpu?.weight ? [words.cgroup.weight(sample.cpu.weight)] : []),
  ].join(' ')
  const alarm = throttled > 0.01 ? words.cgroup.throttled(Math.round(throttled * 100)) : ''
  // Without a quota one CPU is the scale, and more than one no alarm.
  const share = quota === null ? Math.min(0.9, now ?? 0) : (now ?? 0) / quota
  return card(words.cgroup.cpu, text, share, plots.cpu, quota ?? 1, alarm, width)
}

function memory({ sample, plots }: CgroupPicture, width: number, words: ViewWords): string[] {
  const found = sample.memory
  if (!found) return []
  const { current, max, high, swap, oomKills } = found
  const limit = max ?? high
  const text = [
    bytesInWords(current),
    limit === null ? words.cgroup.unlimited : words.cgroup.limit(bytesInWords(limit)),
    ...(swap && swap.current > 0 ? [words.cgroup.swap(bytesInWords(swap.current))] : []),
  ].join(' ')
  const top = limit ?? Math.max(1, ...plots.memory.map(({ value = 0 }) => value))
  return card(
    words.cgroup.memory,
    text,
    current / top,
    plots.memory,
    top,
    oomKills > 0 ? words.cgroup.kills(oomKills) : '',
    width,
  )
}

function io({ plots, io: devices }: CgroupPicture, width: number, words: ViewWords): string[] {
  const limited = devices.find((one) => one.writeMax !== null || one.readMax !== null)
  const sum = (key: 'read' | 'written'): number => devices.reduce((all, one) => all + one[key], 0)
  const max = limited?.writeMax ?? limited?.readMax ?? null
  const key = limited?.writeMax === null || limited === undefined ? 'read' : 'written'
  const now = max === null ? Math.max(sum('read'), sum('written')) : (limited?.[key] ?? 0)
  const both = plots.read.map((point, index) => ({
    ...point,
    value: (point.value ?? 0) + (plots.written[index]?.value ?? 0),
  }))
  const top = max ?? Math.max(1, ...both.map(({ value }) => value))
  const text = [
    `${words.cgroup.written} ${bytesInWords(sum('written'))}/s`,
    `${words.cgroup.read} ${bytesInWords(sum('read'))}/s`,
    ...(max === null ? [] : [words.cgroup.limit(`${bytesInWords(max)}/s`)]),
  ].join(' ')
  return card(words.cgroup.io, text, now / top, both, top, '', width)
}

function pids({ sample, plots }: CgroupPicture, width: number, words: ViewWords): string[] {
  const found = sample.pids
  if (!found) return []
  const top = found.max ?? Math.max(1, found.current)
  const text = `${found.current} ${found.max === null ? words.cgroup.unlimited : words.cgroup.limit(String(found.max))}`
  const alarm = found.refused > 0 ? words.cgroup.refused(found.refused) : ''
  return card(words.cgroup.pids, text, found.current / Math.max(1, top), plots.pids, top, alarm, width)
}

/** Two lines: the gauge with its numbers, and the past with what went wrong. */
function card(
  name: string,
  text: string,
  share: number,
  past: readonly Point[],
  top: number,
  alarm: string,
  width: number,
): string[] {
  const label = 10
  const cells = Math.max(8, Math.min(40, width - label - 34))
  const shown = past.slice(-cells)
  const bars = shown.map(({ value = 0, mark }): Piece => {
    if (mark) return ['✗', ['bold', 'red']]
    return [eighths[Math.max(0, Math.min(8, Math.round((value / Math.max(top, 1e-9)) * 8)))] ?? ' ', 'cyan']
  })
  const space = ' '.repeat(Math.max(0, cells - shown.length))
  return [
    row(
      width,
      [cell(name, label), 'bold'],
      ...gauge(share, cells, share > 0.9 ? 'red' : 'green'),
      ` ${text}`,
    ),
    row(width, ' '.repeat(label), space, ...bars, [alarm === '' ? '' : ` ✗ ${alarm}`, ['bold', 'red']]),
  ]
}

function gauge(share: number, cells: number, style: Piece[1] & string): Piece[] {
  const filled = Math.max(0, Math.min(cells, Math.round(share * cells)))
  return [
    ['█'.repeat(filled), style === 'red' ? 'red' : 'green'],
    ['░'.repeat(cells - filled), 'dim'],
  ]
}

/** Bars on one scale: 2 to 1 in weights is 2 to 1 in length. */
function siblings({ sample, children }: CgroupPicture, width: number, words: ViewWords): string[] {
  if (children.length === 0) return []
  const top = Math.max(1, ...children.map(({ cpu: now }) => now ?? 0))
  const [label, cells] = [16, Math.max(8, Math.min(40, width - 16 - 32))]
  const busy = children.filter(({ cpu: now }) => (now ?? 0) > 0.02).length
  return [
    row(width, [words.cgroup.children, 'dim']),
    ...children.map(({ name, cpu: now, share, child }, index) => {
      const length = Math.round(((now ?? 0) / top) * cells)
      const text = [
        now === null || now < 0.005 ? words.cgroup.idle : words.cgroup.ofCpu(percentOfCpu(now)),
        ...(busy > 1 && share > 0 ? [`(${Math.round(share * 100)} %)`] : []),
        ...(child.cpu?.weight ? [words.cgroup.weight(child.cpu.weight)] : []),
        ...(child.frozen ? ['❄'] : []),
      ].join(' ')
      return row(
        width,
        [cell(name, label - 1), 'bold'],
        ' ',
        ['█'.repeat(length), colourOf(index)],
        ['░'.repeat(cells - length), 'dim'],
        ` ${text}`,
      )
    }),
    ...(sample.moreChildren > 0 ? [row(width, [words.more(sample.moreChildren), 'dim'])] : []),
  ]
}
