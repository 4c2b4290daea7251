// `tocker search`: which repositories a registry has.
import type { SearchResult } from '../../api/search.ts'
import { EngineError } from '../../errors.ts'
import { collectFilters, filtersQuery, parseFilter } from '../filters.ts'
import { formatRows } from '../output/rows.ts'
import { searchListing, searchRows } from '../output/search-list.ts'
import { authHeader } from '../registry-auth.ts'
import type { Verb } from '../verb.ts'
import { filterFlag, formatFlag, noTruncFlag } from './format-flag.ts'
import { registryDomain } from './registry-domain.ts'

const known = ['is-official', 'is-automated', 'stars']

export const verb: Verb = {
  usage: '[OPTIONS] TERM',
  flags: [
    { ...filterFlag, help: `${filterFlag.help}: is-official=true, stars=3` },
    formatFlag,
    { name: 'limit', value: 'int', help: 'Max number of search results' },
    noTruncFlag,
  ],
  arity: [1, 1],
  notes: 'A term that begins with a host is looked for there: tocker search localhost:5000/app',
  run: async ({ client, streams }, flags, [term = '']) => {
    const limit = flags.value('limit', parseLimit)
    const filters = collectFilters(flags.values('filter', parseFilter))
    const odd = Object.keys(filters).find((name) => !known.includes(name))
    if (odd !== undefined)
      throw new EngineError(
        'invalid',
        `invalid filter '${odd}': there are is-official=true, is-automated=false, stars=3`,
      )
    const found = await client.json<SearchResult[]>({
      path: '/images/search',
      query: { term, limit, ...filtersQuery(filters) },
      headers: authHeader(registryDomain(hostOf(term))),
    })
    streams.out(
      formatRows(searchListing, searchRows(found, flags.on('no-trunc')), { format: flags.text('format') }),
    )
    return 0
  },
}

/** `localhost:5000/app` is looked for at localhost:5000, `app` and `me/app` at Docker Hub. */
function hostOf(term: string): string | undefined {
  const [first = '', ...rest] = term.split('/')
  return rest.length > 0 && (/[.:]/.test(first) || first === 'localhost') ? first : undefined
}

function parseLimit(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new RangeError('it is a whole number')
  return Number(text)
}
