// For vitest, before each test: a second try finds what was there before the first. Otherwise it would fail
// of a name that is in use already, whatever became of the first.
import { beforeEach } from 'vitest'
import { clearings } from './suites/second-try.ts'

beforeEach(async ({ task: { result, concurrent } }) => {
  // What others make meanwhile is theirs.
  if ((result?.retryCount ?? 0) === 0 || concurrent) return
  for (const clear of clearings) await clear(result?.startTime ?? Date.now())
})
