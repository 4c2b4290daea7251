// The table of `tocker search`. Pure.
import type { SearchResult } from '../../api/search.ts'
import { ellipsis } from './ellipsis.ts'
import type { Listing, Row } from './rows.ts'

export const searchListing: Listing = {
  headers: { Name: 'NAME', Description: 'DESCRIPTION', StarCount: 'STARS', IsOfficial: 'OFFICIAL' },
  table: String.raw`{{.Name}}\t{{.Description}}\t{{.StarCount}}\t{{.IsOfficial}}`,
  quiet: 'Name',
}

export function searchRows(results: readonly SearchResult[], noTrunc: boolean): Row[] {
  return results.map(({ name, description, star_count, is_official }) => {
    // A line end would be a row.
    const line = description.replace(/[\r\n]+/g, ' ')
    return {
      Name: name,
      Description: noTrunc ? line : ellipsis(line, 45),
      StarCount: String(star_count),
      IsOfficial: is_official ? '[OK]' : '',
    }
  })
}
