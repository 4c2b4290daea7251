// Search and lists of names: the Hub's shape, a private registry's catalog in pages.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { search } from '../../../../engine/distribution/search.ts'
import { listTags } from '../../../../engine/distribution/tags.ts'
import { parseReference } from '../../../../engine/graph/reference.ts'
import { TestRegistry } from '../../../suites/test-registry.ts'
import { send } from '../../../suites/test-registry-auth.ts'

const registryOptions = { retries: { pause: 1 } }
let registry: TestRegistry

beforeEach(async () => {
  registry = await TestRegistry.open()
  for (const name of ['app', 'team/app', 'team/tool', 'zapp'])
    for (const tag of ['1', '2', '3']) registry.manifest(name, tag, { name }, 'application/json')
  registry.page = 2
})
afterEach(() => registry[Symbol.asyncDispose]())

const find = (words: string, options: Partial<Parameters<typeof search>[1]> = {}) =>
  search(`${registry.host}/${words}`, { registry: registryOptions, ...options })

describe('search', () => {
  test('asks as the Hub is asked, and answers in Docker’s fields', async () => {
    const results = [
      {
        name: 'nginx',
        description: 'a\u001b[31m server',
        star_count: 100,
        is_official: true,
        is_automated: false,
      },
      { name: 'me/nginx', description: null, star_count: 3, is_official: false, is_automated: true },
    ]
    registry.interfere = (request, response) => {
      if (!request.url?.startsWith('/v1/search')) return false
      send(response, 200, { num_results: 2, results })
      return true
    }
    expect(await find('nginx')).toEqual([
      { ...results[0], description: 'a [31m server' },
      { ...results[1], description: '' },
    ])
    expect(registry.asked.at(-1)?.path).toBe('/v1/search?q=nginx&n=25')
    const names = async (options: object) => (await find('nginx', options)).map(({ name }) => name)
    expect(await names({ stars: 4 })).toEqual(['nginx'])
    expect(await names({ official: false })).toEqual(['me/nginx'])
    expect(await names({ official: true })).toEqual(['nginx'])
    expect(await names({ automated: true })).toEqual(['me/nginx'])
    expect(await names({ limit: 1 })).toEqual(['nginx'])
  })
  test('looks through the catalog of a registry that cannot search', async () => {
    expect((await find('app')).map(({ name }) => name)).toEqual(['app', 'team/app', 'zapp'])
    expect((await find('TOOL')).map(({ name }) => name)).toEqual(['team/tool'])
    expect(await find('tool')).toMatchObject([{ star_count: 0, is_official: false, description: '' }])
    expect(await find('nothing')).toEqual([])
  })
  test('in a registry that has neither', async () => {
    registry.interfere = (request, response) => {
      if (request.url === '/v2/') return false
      send(response, 404, {})
      return true
    }
    await expect(find('app')).rejects.toThrow(/can neither search nor list/)
  })
  test.each([0, 101, 1.5])('a limit of %d is none', async (limit) => {
    await expect(find('app', { limit })).rejects.toThrow(`limit ${limit} is outside the range of [1, 100]`)
  })
  test('for nothing', async () => {
    await expect(find('')).rejects.toThrow(/search for what/)
    await expect(search(' ', { registry: {} })).rejects.toThrow(/search for what/)
  })
})

describe('tags', () => {
  const tags = (name: string) =>
    listTags(parseReference(`${registry.host}/${name}`), { registry: registryOptions })
  test('in pages', async () => {
    expect(await tags('team/app')).toEqual(['1', '2', '3'])
    expect(registry.count('GET', /tags\/list/)).toBe(2)
  })
  test('of nothing', async () => {
    await expect(tags('none')).rejects.toThrow(/^repository 127.*\/none not found/)
  })
  test.each([
    ['</v2/app/tags/list>; rel="next"', /do not end/],
    ['<http://elsewhere.example/v2/app/tags/list>; rel="next"', /do not end/],
  ])('whose next page is %s', async (link, message) => {
    registry.interfere = (request, response) => {
      if (!request.url?.includes('/tags/')) return false
      send(response, 200, { tags: ['1'] }, { link })
      return true
    }
    await expect(tags('app')).rejects.toThrow(message)
  })
  test('that are null, as Go writes none', async () => {
    registry.interfere = (request, response) => {
      if (!request.url?.includes('/tags/')) return false
      send(response, 200, { name: 'app', tags: null })
      return true
    }
    expect(await tags('app')).toEqual([])
  })
})
