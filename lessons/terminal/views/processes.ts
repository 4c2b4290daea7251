// Processes as text: their namespaces as eight lanes, or their numbers outside
// and inside. Pure: a sample in, lines out.

import type { ViewWords } from '../../language/views.ts'
import {
  type Letters,
  ownSpaces,
  type ProcessRow,
  processRows,
  seenInside,
  spaceKey,
  userMaps,
} from '../../player/watch/process-rows.ts'
import { namespaceNames, type ProcessesSample } from '../../player/watch/samples.ts'
import { wrap } from '../wrapping.ts'
import { cell, clip, colourOf, type Piece, row } from './row.ts'

/** A lane is a line as long as it is the host's, and a block with a letter where it is not. */
export function namespacesLines(
  sample: ProcessesSample,
  letters: Letters,
  width: number,
  words: ViewWords,
): string[] {
  // With room, the end of the inode number too: what readlink /proc/PID/ns/… ends with.
  const lane = width >= 96 ? 8 : 4
  const name = Math.max(10, width - namespaceNames.length * lane)
  const head = namespaceNames.map((one) => cell(lane === 4 ? short(one) : one, lane)).join('')
  const lines = processRows(sample).map((one) => {
    const lanes = namespaceNames.map((space): Piece => {
      const inode = one.process.namespaces[space]
      if (inode === undefined) return ' '.repeat(lane)
      if (inode === sample.host[space]) return [` │${' '.repeat(lane - 2)}`, 'dim']
      const letter = letters.get(spaceKey(space, inode)) ?? '*'
      const block = lane === 4 ? `[${letter}]` : `[${letter}]${inode.slice(-4)}`
      return [cell(block, lane), ['bold', colourOf(letter)]]
    })
    return row(width, ...nameOf(one, sample, name, numbers(one)), ...lanes)
  })
  const asked = sample.processes.find(({ pid }) => pid === sample.focus)
  return [
    row(width, [cell(`  ${words.process}`, name) + head, 'dim']),
    ...lines,
    ...(lines.length === 0 ? [row(width, [words.noProcesses, 'dim'])] : []),
    ...(sample.more > 0 ? [row(width, [words.more(sample.more), 'dim'])] : []),
    ...(asked ? wrap(said(sample, asked, words), width).map((line) => row(width, [line, 'bold'])) : []),
    ...userMaps(sample, letters).map(({ letter, ranges }) => {
      const map = ranges.map(({ inside, outside, count }) => {
        const to = (from: number): string => (count === 1 ? String(from) : `${from}–${from + count - 1}`)
        return words.namespaces.mapLine(to(inside), to(outside))
      })
      const rest = ` ${words.namespaces.userMap}: ${map.join(', ') || words.namespaces.noMap}`
      return row(width, [`[${letter}]`, ['bold', colourOf(letter)]], rest)
    }),
  ]
}

function short(name: string): string {
  return { user: 'usr', cgroup: 'cgr', time: 'tim' }[name] ?? name
}

function said(sample: ProcessesSample, process: ProcessRow['process'], words: ViewWords): string {
  const own = ownSpaces(sample, process).map((key) => key.split(':')[0] ?? '')
  if (own.length === 0) return words.namespaces.allShared(process.command)
  return words.namespaces.someOwn(process.command, own.join(', '), namespaceNames.length - own.length)
}

function numbers({ process }: ProcessRow): string {
  return [process.nspid.join('→'), process.terminal ?? ''].filter(Boolean).join(' ')
}

/** The branch of the tree, the name, and something small behind it; the name gives way. */
function nameOf(
  { process, rails }: ProcessRow,
  sample: ProcessesSample,
  width: number,
  behind: string,
): Piece[] {
  const branch = rails
    .map((goesOn, level) => (level === rails.length - 1 ? (goesOn ? '├ ' : '└ ') : goesOn ? '│ ' : '  '))
    .join('')
  const focus = process.pid === sample.focus
  const room = width - 1 - Math.min(branch.length, width >> 1) - (behind === '' ? 1 : behind.length + 2)
  const name = clip(process.command, Math.max(3, room))
  const left = clip(branch, width >> 1)
  const tail = behind === '' ? '' : ` ${behind}`
  const space = width - 1 - left.length
  return [
    focus ? ['▸', 'bold'] : ' ',
    [left, 'dim'],
    [clip(name, space), focus ? 'bold' : process.state === 'Z' ? ['dim', 'strikethrough'] : 'bold'],
    [cell(tail, Math.max(0, space - [...clip(name, space)].length)), 'dim'],
  ]
}

/** The host's numbers at the left, the container's at the right. */
export function processesLines(sample: ProcessesSample, width: number, words: ViewWords): string[] {
  const inside = seenInside(sample)
  const wide = width >= 72
  const number = wide ? 8 : 6
  // State, three numbers outside, a line, three inside.
  const name = Math.max(8, width - 3 - (6 * number + 3))
  const three = (values: readonly (string | number)[]): string =>
    values.map((value) => cell(String(value), number, 'right')).join('')
  const columns = ['PID', words.processes.parent, words.processes.user]
  const side = 3 * number
  const lines = processRows(sample).map((one) => {
    const { pid, ppid, uid, state } = one.process
    const there = inside.numbers.get(pid)
    const bad = state === 'Z'
    return row(
      width,
      ...nameOf(one, sample, name, ''),
      [cell(state, 3), bad ? ['bold', 'red'] : state === 'R' ? 'green' : 'dim'],
      three([pid, ppid, uid]),
      [' │ ', 'dim'],
      there
        ? [
            three([there.pid === 1 ? '*1' : there.pid, there.ppid, there.uid]),
            there.pid === 1 ? ['bold', 'yellow'] : 'yellow',
          ]
        : [cell('·', number, 'right'), 'dim'],
    )
  })
  const zombies = sample.processes.filter(({ state }) => state === 'Z').length
  const title = inside.space === undefined ? words.processes.noInside : words.processes.inside
  return [
    row(
      width,
      cell('', name + 3),
      [cell(words.processes.outside, side), 'bold'],
      [' │ ', 'dim'],
      [title, ['bold', 'yellow']],
    ),
    row(
      width,
      [cell(`  ${words.process}`, name + 3) + three(columns), 'dim'],
      [' │ ', 'dim'],
      [three(columns), 'dim'],
    ),
    ...lines,
    ...(sample.more > 0 ? [row(width, [words.more(sample.more), 'dim'])] : []),
    ...(inside.numbers.size > 0
      ? [
          row(
            width,
            [`*1 ${words.processes.first}`, 'yellow'],
            zombies > 0 ? ['   ', 'dim'] : '',
            zombies > 0 ? [`Z ${words.processes.states.Z ?? ''}`, 'red'] : '',
          ),
        ]
      : []),
  ]
}
