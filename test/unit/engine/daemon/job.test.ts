// How a job says that it ended.
import { expect, test } from 'vitest'
import { Job } from '../../../../engine/daemon/job.ts'

test('a job runs, and is done, failed, or canceled by who left', async () => {
  const asker = new AbortController()
  const begin = (): Job => new Job('container-wait', { name: 'web' }, asker.signal)
  const work = Promise.withResolvers<void>()
  const job = begin()
  const run = job.run(() => work.promise, false)
  expect(job.report()).toMatchObject({ Name: 'container-wait', Args: { name: 'web' }, Status: 'running' })
  work.resolve()
  await run
  expect(job.report()).toMatchObject({ Status: 'done' })

  const failed = begin()
  await expect(failed.run(() => Promise.reject(new Error('no room')), false)).rejects.toThrow('no room')
  expect(failed.report()).toMatchObject({ Status: 'failed', Error: 'no room' })

  const left = begin()
  asker.abort()
  await expect(left.run(() => Promise.reject(asker.signal.reason), false)).rejects.toThrow()
  expect(left.report()).toMatchObject({ Status: 'canceled' })
  expect(left.report()).not.toHaveProperty('Error')
})
