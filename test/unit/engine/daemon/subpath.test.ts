// `volume-subpath`: a part of a volume, and nothing that a link in it leads to.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { subpathOf } from '../../../../engine/daemon/container/bind-sources.ts'

const volume = mkdtempSync(join(tmpdir(), 'lc-subpath-'))
afterAll(() => rmSync(volume, { recursive: true }))
mkdirSync(join(volume, 'logs/deep'), { recursive: true })
symlinkSync('logs/deep', join(volume, 'inside'))
symlinkSync('/etc', join(volume, 'outside'))
symlinkSync('..', join(volume, 'above'))

const look = (path: string) =>
  subpathOf(
    {
      ...{ type: 'volume', name: 'v', source: join(volume, path), destination: '/x' },
      ...{ mode: 'z', writable: true, propagation: '' },
    },
    volume,
  )

test('what is in the volume, without links', () => {
  expect(look('logs')).toBe(join(volume, 'logs'))
  expect(look('inside')).toBe(join(volume, 'logs/deep'))
})

test.each(['outside', 'above'])('%s leads out of it', (path) => {
  expect(() => look(path)).toThrow('/x: the subpath leads out of its volume')
})

test('what is not there is not made', () => {
  expect(() => look('none')).toThrow('cannot access path none of the volume at /x')
})
