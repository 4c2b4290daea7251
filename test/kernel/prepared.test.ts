// Calls in a row: our own machine instructions, on the real kernel.
import { expect, test } from 'vitest'
import { EngineError } from '../../engine/errors.ts'
import { getrlimit, prepareRlimit } from '../../engine/syscalls/limits.ts'
import { callInARow } from '../../engine/syscalls/prepared.ts'

test('each is made in its turn, and the first that is refused is the last', () => {
  const { soft, hard } = getrlimit('RLIMIT_CORE')
  const [now, then] = [
    prepareRlimit('RLIMIT_CORE', 0n, hard),
    prepareRlimit('RLIMIT_CORE', soft, hard),
  ] as const
  const refused = { ...now, shown: '99, …', args: [99, ...now.args.slice(1)] }
  try {
    expect(() => callInARow([now, refused, then])).toThrow(/setrlimit.*EINVAL/s)
    expect(getrlimit('RLIMIT_CORE').soft).toBe(0n)
    const explain = () => new EngineError('invalid', 'there is no limit 99')
    expect(() => callInARow([{ ...refused, explain }, then])).toThrow('there is no limit 99')
  } finally {
    callInARow([then])
  }
  expect(getrlimit('RLIMIT_CORE')).toEqual({ soft, hard })
  callInARow([])
})
