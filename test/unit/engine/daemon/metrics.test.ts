// The text format of Prometheus: what stands above a number, and how labels are quoted.
import { expect, test } from 'vitest'
import { metricsText } from '../../../../engine/daemon/metrics.ts'

test('help, type, and a line for each number', () => {
  const values = [
    { labels: { job: 'a', outcome: 'done' }, value: 3 },
    { labels: { job: 'b', outcome: 'failed' }, value: 0.5 },
  ]
  expect(metricsText([{ name: 'jobs_total', help: 'How many.', type: 'counter', values }])).toBe(
    '# HELP jobs_total How many.\n# TYPE jobs_total counter\njobs_total{job="a",outcome="done"} 3\njobs_total{job="b",outcome="failed"} 0.5\n',
  )
})

test('what would end a label or a line early is escaped', () => {
  const values = [{ labels: { name: 'a"b\\c\nd' }, value: 1 }]
  expect(metricsText([{ name: 'x', help: 'one\ntwo', type: 'gauge', values }])).toBe(
    '# HELP x one\\ntwo\n# TYPE x gauge\nx{name="a\\"b\\\\c\\nd"} 1\n',
  )
})
