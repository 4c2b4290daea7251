// Jobs and the table of their handlers.
import { expect, test } from 'vitest'
import { Engine } from '../../../../engine/daemon/engine.ts'
import type { JobDefinition } from '../../../../engine/daemon/job.ts'
import { EngineError } from '../../../../engine/errors.ts'
import { traced } from '../../../../engine/trace/trace.ts'

const call = (name: string) =>
  traced(
    'syscall',
    name,
    () => '',
    () => 0,
  )
const pause = () => new Promise((resolve) => setTimeout(resolve, 5))

const double: JobDefinition<{ n: number }, number, number> = {
  name: 'double',
  run: (factor, { n }) => n * factor,
}
const fail: JobDefinition<object, never, number> = {
  name: 'fail',
  run: () => {
    throw new EngineError('conflict', 'it is in use')
  },
}
const busy: JobDefinition<{ say: string }, void, number> = {
  name: 'busy',
  run: async (_, { say }) => {
    for (let turn = 0; turn < 3; turn++) {
      call(say)
      await pause()
    }
  },
}
const engine = new Engine(2).register(double).register(fail).register(busy)

test('a job is found by its name, and its result is what the handler returns', async () => {
  expect(engine.handlers).toEqual(['busy', 'double', 'fail'])
  expect(await engine.run(double, { n: 4 })).toBe(8)
  expect(engine.jobs()[0]).toMatchObject({ Name: 'double', Args: { n: 4 }, Status: 'done', Traced: 0 })
  expect(() => engine.register(double)).toThrow('two handlers')
  await expect(engine.run({ ...fail, name: 'other' }, {})).rejects.toMatchObject({ kind: 'not-implemented' })
})

test('a job that fails says why, and throws what it threw', async () => {
  await expect(engine.run(fail, {})).rejects.toMatchObject({ kind: 'conflict' })
  expect(engine.jobs()[0]).toMatchObject({ Name: 'fail', Status: 'failed', Error: 'it is in use' })
})

test('of jobs that run at the same time, each has its own calls; who did not ask has none', async () => {
  const both = ['one', 'two'].map((say) => engine.run(busy, { say }, { trace: true }))
  const silent = engine.run(busy, { say: 'three' })
  expect(engine.jobs().filter(({ Status }) => Status === 'running')).toHaveLength(3)
  await Promise.all([...both, silent])
  const [three, two, one] = engine
    .jobs()
    .slice(0, 3)
    .sort((a, b) => `${b.Args.say}`.localeCompare(`${a.Args.say}`))
  expect([one, two, three].map((job) => job?.Traced).sort()).toEqual([0, 3, 3])
  for (const job of engine
    .jobs()
    .slice(0, 3)
    .filter(({ Traced }) => Traced > 0))
    expect(engine.job(job.Id).records.map(({ name }) => name)).toEqual([
      job.Args.say,
      job.Args.say,
      job.Args.say,
    ])
  expect(() => engine.job('nope')).toThrow('No such job: nope')
})
