// From one probe to the next: when a container counts as well.
import { describe, expect, test } from 'vitest'
import type { InspectHealth } from '../../../../engine/api/container-inspect.ts'
import { afterProbe, type ProbeResult, probeOf } from '../../../../engine/daemon/container/health.ts'

const starting: InspectHealth = { Status: 'starting', FailingStreak: 0, Log: [] }
const result = (ExitCode: number): ProbeResult => ({ Start: '', End: '', ExitCode, Output: '' })
const rules = { retries: 3, excused: false }

function after(codes: readonly number[], from = starting, how = rules): InspectHealth {
  return codes.reduce((health, code) => afterProbe(health, result(code), how), from)
}

describe('afterProbe()', () => {
  test.each([
    [[0], 'healthy', 0],
    [[1], 'starting', 1],
    [[1, 1, 1], 'unhealthy', 3],
    [[1, 1, 0, 1, 1], 'healthy', 2],
    [[-1, 126, 7, 1], 'unhealthy', 4],
    [[1, 1, 1, 0], 'healthy', 0],
  ])('%j: %s, with %i in a row that failed', (codes, Status, FailingStreak) => {
    expect(after(codes)).toMatchObject({ Status, FailingStreak })
  })

  test('keeps the last five', () => {
    expect(after([9, 1, 2, 3, 4, 5]).Log.map(({ ExitCode }) => ExitCode)).toEqual([1, 2, 3, 4, 5])
  })

  test('in the start period failures do not count, and one success ends it', () => {
    const excused = { retries: 1, excused: true }
    expect(after([1, 1, 1], starting, excused)).toMatchObject({ Status: 'starting', FailingStreak: 0 })
    expect(after([1, 0, 1], starting, excused)).toMatchObject({ Status: 'unhealthy', FailingStreak: 1 })
  })
})

describe('probeOf()', () => {
  test.each([[undefined], [[]], [['NONE']], [['CMD']]])('%j is none', (Test) => {
    expect(probeOf(Test === undefined ? {} : { Healthcheck: { Test } })).toBeUndefined()
  })

  test("a shell's line goes to the image's shell, and words stand for themselves", () => {
    expect(probeOf({ Healthcheck: { Test: ['CMD-SHELL', 'a b'] } })?.command).toEqual([
      '/bin/sh',
      '-c',
      'a b',
    ])
    const Shell = ['/bin/ash', '-ec']
    expect(probeOf({ Shell, Healthcheck: { Test: ['CMD-SHELL', 'a'] } })?.command).toEqual([...Shell, 'a'])
    expect(probeOf({ Shell, Healthcheck: { Test: ['CMD', 'a', 'b c'] } })?.command).toEqual(['a', 'b c'])
  })

  test("nanoseconds become milliseconds, and nought is Docker's default", () => {
    expect(probeOf({ Healthcheck: { Test: ['CMD', 'a'], Interval: 2e9, Timeout: 0 } })).toMatchObject({
      ...{ interval: 2000, timeout: 30_000, startPeriod: 0, startInterval: 5000, retries: 3 },
    })
  })
})
