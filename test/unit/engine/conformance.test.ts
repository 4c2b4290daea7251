// CONFORMANCE.md names files and tests: they have to be there, and the page has to be
// what its lists say.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { packageRoot } from '../../../sandbox-vm/package-root.ts'
import { page, pagePath, requirements } from '../../conformance/page.ts'

const root = packageRoot()

describe('CONFORMANCE.md', () => {
  test('is what test/conformance/write.ts writes', () => {
    const text = readFileSync(join(root, pagePath), 'utf8')
    expect(text).toBe(page(text))
  })

  test('names files of the runtime that exist', () => {
    const files = requirements.flatMap(({ files }) => files)
    const missing = files.filter((file) => !existsSync(join(root, 'engine/libcontainer', file)))
    expect([...new Set(missing)]).toEqual([])
  })

  test('names tests that exist', () => {
    const missing = requirements.filter(({ test }) => {
      const path = join(root, test.file)
      return !existsSync(path) || !readFileSync(path, 'utf8').includes(test.title)
    })
    expect(missing.map(({ test }) => `${test.file}: ${test.title}`)).toEqual([])
  })

  test('has every test that stands for a MUST only once for each requirement', () => {
    const lines = requirements.map((one) => `${one.document} ${one.section} ${one.requirement}`)
    expect(lines.length).toBe(new Set(lines).size)
  })
})
