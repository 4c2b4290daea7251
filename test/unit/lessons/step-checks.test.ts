// The checks that tick by themselves, while the learner goes on.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { findLesson } from '../../../lessons/format/catalogue.ts'
import { lessonWords } from '../../../lessons/language/lesson.ts'
import { Ledger } from '../../../lessons/player/ledger.ts'
import { StepChecks } from '../../../lessons/player/step-checks.ts'
import type { Sandbox } from '../../../sandbox-vm/sandbox.ts'

const lesson = await findLesson('unshare-pid', 'en')
const step = lesson?.steps.find(({ id }) => id === 'enter')
if (!lesson || !step) throw new Error('the lesson is another one')
const check = 'enter/check-1'

let statuses: number[]
let during: () => void
let checks: StepChecks
let ledger: Ledger

beforeEach(() => {
  vi.useFakeTimers()
  statuses = []
  during = () => {}
  const sandbox: Pick<Sandbox, 'exec'> = {
    exec: async () => {
      during()
      return { status: statuses.shift() ?? 1, stdout: '', stderr: 'lab-fail: not yet\n' }
    },
  }
  ledger = new Ledger(lesson, () => {}, undefined)
  checks = new StepChecks(sandbox as Sandbox, 'session', ledger, lessonWords.en)
})
afterEach(() => {
  checks.stop()
  vi.useRealTimers()
})

test('a check that passed while nothing happened is done', async () => {
  statuses = [0]
  checks.look(step)
  await vi.advanceTimersByTimeAsync(300)
  expect(ledger.get(check).state).toBe('passed')
})

test('one that passed while a shell was being left is looked at again', async () => {
  statuses = [0, 1]
  during = () => checks.disturb()
  checks.look(step)
  await vi.advanceTimersByTimeAsync(300)
  expect(ledger.get(check)).toEqual({ state: 'waiting', message: 'not yet' })
  // A terminal that never is silent keeps no true check open.
  statuses = [0, 0]
  checks.soon()
  await vi.advanceTimersByTimeAsync(300)
  expect(ledger.get(check).state).toBe('passed')
})
