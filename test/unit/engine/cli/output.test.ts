// Numbers, times, tables and progress as people see them. What Docker's own client
// prints of the same is compared in test/compat/client-output.test.ts.
import { expect, test, vi } from 'vitest'
import { showProgress } from '../../../../engine/cli/output/progress.ts'
import { progressLine } from '../../../../engine/cli/output/progress-line.ts'
import { humanSize } from '../../../../engine/cli/output/size.ts'
import { layOut } from '../../../../engine/cli/output/table.ts'
import { humanDuration, timeAgo } from '../../../../engine/duration.ts'

test.each([
  [0, '0B'],
  [-1, '0B'],
  [999, '999B'],
  [1000, '1kB'],
  [1234, '1.23kB'],
  [1_500_000, '1.5MB'],
  [999_499, '999kB'],
  [999_999, '1MB'],
  [123_456_789_012, '123GB'],
  [5e18, '5EB'],
  [5e21, '5000EB'],
])('%d bytes are %s', (bytes, text) => {
  expect(humanSize(bytes, 3)).toBe(text)
})

test.each([
  [0.4, 'Less than a second'],
  [1.9, '1 second'],
  [59, '59 seconds'],
  [60, 'About a minute'],
  [61 * 60, 'About an hour'],
  [89 * 60, 'About an hour'],
  [91 * 60, '2 hours'],
  [47 * 3600, '47 hours'],
  [48 * 3600, '2 days'],
  [14 * 24 * 3600, '2 weeks'],
  [60 * 24 * 3600, '2 months'],
  [730 * 24 * 3600, '2 years'],
])('%d seconds are %s', (seconds, text) => {
  expect(humanDuration(seconds)).toBe(text)
})

test('a time that is none was never', () => {
  expect(timeAgo(new Date('nonsense'))).toBe('N/A')
  expect(timeAgo(new Date(5000), new Date(65_000))).toBe('About a minute ago')
})

test('columns are ten wide at least, three apart, and the last is not filled up', () => {
  expect(layOut('ID\tNAME\tX\nabcdefghijkl\tb\tyes\n')).toBe(
    'ID             NAME      X\nabcdefghijkl   b         yes\n',
  )
  expect(layOut('é\tx\n12345678901\ty')).toBe('é             x\n12345678901   y')
  expect(layOut('a line without columns\na\tb')).toBe('a line without columns\na         b')
})

test('a progress line is Docker’s where there is room, and shorter where there is not', () => {
  const message = {
    id: '4fe2ade4980c',
    status: 'Downloading',
    progressDetail: { current: 1_234_000, total: 4_936_000 },
  }
  expect(progressLine(message, 120)).toBe(
    '4fe2ade4980c: Downloading [============>                                      ]  1.234MB/4.936MB',
  )
  expect(progressLine(message, 80)).toHaveLength(79)
  expect(progressLine(message, 80)).toMatch(/\[=+> +\] {2}1\.234MB\/4\.936MB$/)
  expect(progressLine(message, 50)).toBe('4fe2ade4980c: Downloading  1.234MB/4.936MB')
  expect(progressLine(message, 30)).toBe('4fe2ade4980c: Downloading')
  expect(progressLine(message, 10)).toBe('4fe2ade49')
  expect(progressLine({ status: 'Loading', progressDetail: { current: 5 } }, 80)).toBe('Loading       5B')
})

/** Enough of a terminal: what stands on the lines after all that was written. */
function screen(rows: number, columns = 80) {
  const lines = ['']
  let at = 0
  let writes = 0
  const write = (text: string): void => {
    writes++
    for (const [part] of text.matchAll(/\x1b\[(\d*)[A-Z]|\n|\r|[^\x1b\n\r]+/g)) {
      if (part === '\n') lines[++at] ??= ''
      else if (part === '\r') continue
      else if (part.endsWith('A') && part.startsWith('\x1b')) at -= Number(part.slice(2, -1))
      else if (part === '\x1b[J') lines.splice(at, lines.length, '')
      else if (part !== '\x1b[K') lines[at] = part
      expect(at).toBeGreaterThanOrEqual(0)
    }
  }
  return {
    write,
    size: () => ({ columns, rows }),
    lines: () => lines.filter((line) => line !== ''),
    count: () => writes,
  }
}

test('on a terminal each layer has one line, redrawn in place, and other words stand between', () => {
  vi.useFakeTimers()
  const to = screen(24)
  const progress = showProgress(to)
  progress.tell({ status: 'latest: Pulling from library/busybox' })
  for (let current = 1; current <= 1000; current++)
    progress.tell({ id: 'a', status: 'Downloading', progressDetail: { current, total: 1000 } })
  progress.tell({ id: 'b', status: 'Waiting' })
  vi.advanceTimersByTime(100)
  expect(to.lines()).toHaveLength(3)
  expect(to.lines()[1]).toMatch(/^a: Downloading \[=+>\]/)
  progress.tell({ id: 'a', status: 'Pull complete' })
  progress.tell({ id: 'b', status: 'Already exists' })
  progress.tell({ status: 'Digest: sha256:1' })
  progress[Symbol.dispose]()
  expect(to.lines()).toEqual([
    'latest: Pulling from library/busybox',
    'a: Pull complete',
    'b: Already exists',
    'Digest: sha256:1',
  ])
  expect(to.count()).toBeLessThan(8)
  vi.useRealTimers()
})

test('more layers than lines: those that move are shown, and in the end all', () => {
  vi.useFakeTimers()
  const to = screen(6)
  const progress = showProgress(to)
  for (let layer = 0; layer < 10; layer++) progress.tell({ id: `l${layer}`, status: 'Waiting' })
  progress.tell({ id: 'l9', status: 'Extracting', progressDetail: { current: 1, total: 2 } })
  vi.advanceTimersByTime(100)
  expect(to.lines()).toHaveLength(5)
  expect(to.lines()[3]).toMatch(/^l9: Extracting/)
  expect(to.lines()[4]).toBe('6 more')
  progress[Symbol.dispose]()
  expect(to.lines()).toHaveLength(10)
  vi.useRealTimers()
})

test('in a pipe a line for each step, without those on the way; quietly, nothing', () => {
  const texts: string[] = []
  const to = { write: (text: string) => void texts.push(text), size: () => undefined }
  for (const quiet of [false, true]) {
    using progress = showProgress(to, quiet)
    progress.tell({ status: 'latest: Pulling from library/busybox' })
    progress.tell({ id: 'a', status: 'Pulling fs layer' })
    progress.tell({ id: 'a', status: 'Downloading', progressDetail: { current: 1, total: 3 } })
    progress.tell({ id: 'a', status: 'Pull complete' })
  }
  expect(texts.join('')).toBe('latest: Pulling from library/busybox\na: Pulling fs layer\na: Pull complete\n')
})
