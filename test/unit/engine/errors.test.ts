// What an error says that came on the way back from another.
import { describe, expect, test } from 'vitest'
import { EngineError, errorLine, errorsOf } from '../../../engine/errors.ts'

describe('an error on the way back from an error', () => {
  test('is told behind the first, whose kind counts', async () => {
    const work = async (): Promise<void> => {
      await using undo = new AsyncDisposableStack()
      undo.defer(() => {
        throw new Error('the network stays')
      })
      undo.defer(() => {
        throw new Error('the layer stays')
      })
      throw new EngineError('conflict', 'the port is taken')
    }
    const error = await work().catch((caught: unknown) => caught)
    expect(errorLine(error)).toBe(
      'the port is taken; then, to undo it: the layer stays; then, to undo it: the network stays',
    )
    expect(errorsOf(error)[0]).toEqual(expect.objectContaining({ kind: 'conflict' }))
  })

  test('one alone is itself', () => {
    const error = new Error('alone')
    expect(errorsOf(error)).toEqual([error])
  })
})
