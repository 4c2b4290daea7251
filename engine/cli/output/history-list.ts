// The table of `tocker history`. Pure.
import type { HistoryResponseItem } from '../../api/image.ts'
import { timeAgo } from '../../duration.ts'
import { ellipsis } from './ellipsis.ts'
import { shortId } from './image-list.ts'
import type { Listing, Row } from './rows.ts'
import { humanSize } from './size.ts'

/** @param human `2 hours ago` and `1.2MB`, or a date and bytes */
export function historyListing(human: boolean): Listing {
  return {
    headers: {
      ID: 'IMAGE',
      CreatedSince: 'CREATED',
      CreatedAt: 'CREATED AT',
      CreatedBy: 'CREATED BY',
      Size: 'SIZE',
      Comment: 'COMMENT',
    },
    table: String.raw`{{.ID}}\t{{.Created${human ? 'Since' : 'At'}}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}`,
    quiet: 'ID',
  }
}

export interface HistoryOptions {
  noTrunc: boolean
  human: boolean
  now?: Date
}

export function historyRows(
  history: readonly HistoryResponseItem[],
  { noTrunc, human, now }: HistoryOptions,
): Row[] {
  return history.map(({ Id, Created, CreatedBy, Size, Comment }) => {
    const created = new Date(Created * 1000)
    const at = created.toISOString().replace(/\.\d+Z$/, 'Z')
    // A tab would be a column.
    const by = CreatedBy.replaceAll('\t', ' ')
    return {
      ID: noTrunc || !Id.startsWith('sha256:') ? Id : shortId(Id),
      CreatedSince: human ? timeAgo(created, now) : at,
      CreatedAt: at,
      CreatedBy: noTrunc ? by : ellipsis(by, 45),
      Size: human ? humanSize(Size, 3) : String(Size),
      Comment,
    }
  })
}
