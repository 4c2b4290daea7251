// A list as `--format` wants it: the verb's own table, `json`, `table TEMPLATE`, or a
// template that is applied to each row. One function for `images`, `history`, `search`,
// `ps` and `system df`.
//
// A row holds text under the names that Docker's documentation lists: `.ID`,
// `.Repository`. Pure.
import { layOut } from './table.ts'
import { compileTemplate } from './template/evaluate.ts'

export type Row = Readonly<Record<string, string>>

export interface Listing {
  /** A header for every field that a row has: `{ ID: 'IMAGE ID', … }`. */
  headers: Row
  /** What is printed without --format: `{{.ID}}\t{{.Size}}`. */
  table: string
  /** Printed with -q, in place of everything. */
  quiet: string
}

/** @returns lines with their line ends; empty for a quiet list of nothing @throws TemplateError */
export function formatRows(
  listing: Listing,
  rows: readonly Row[],
  options: { format?: string | undefined; quiet?: boolean } = {},
): string {
  const { format = 'table', quiet = false } = options
  if (quiet && /^(table$|table\s|$)/.test(format))
    return rows.map((row) => `${row[listing.quiet] ?? ''}\n`).join('')
  if (format === 'json') return rows.map((row) => `${JSON.stringify(sorted(row))}\n`).join('')
  const [, own] = /^table(?:\s+([\s\S]*))?$/.exec(format) ?? []
  const isTable = /^table(\s|$)/.test(format) || format === ''
  // The shell hands over a backslash and a t: Docker takes both for a tab.
  const source = (isTable ? (own ?? listing.table) : format)
    .replaceAll(String.raw`\t`, '\t')
    .replaceAll(String.raw`\n`, '\n')
  const template = compileTemplate(source)
  const lines = rows.map((row) => `${template(sorted(row))}\n`).join('')
  if (!isTable) return lines
  return layOut(`${compileTemplate(source, forHeaders)(listing.headers)}\n${lines}`)
}

/** `table {{lower .Tag}}` is about the tags: its header stays TAG. */
const asItIs = (value: unknown): unknown => value
const forHeaders = { json: asItIs, lower: asItIs, title: asItIs, truncate: asItIs, upper: asItIs }

/** Go's maps have no order, so its JSON has the alphabet's. */
function sorted(row: Row): Row {
  return Object.fromEntries(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)))
}
