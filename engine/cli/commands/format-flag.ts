// Flags that several verbs share.
import type { Flag } from '../flags.ts'

/** Of verbs that print a list. */
export const formatFlag: Flag = {
  name: 'format',
  value: 'string',
  help: `Format output using a custom template:
'table': in table format with column headers (default)
'table TEMPLATE': in table format by this Go template
'json': in JSON format
'TEMPLATE': by this Go template`,
}

/** Of verbs that print objects. */
export const inspectFormatFlag: Flag = {
  name: 'format',
  short: 'f',
  value: 'string',
  help: `Format output using a custom template:
'json': in JSON format
'TEMPLATE': by this Go template`,
}

export const filterFlag: Flag = {
  name: 'filter',
  short: 'f',
  value: 'filter',
  list: true,
  help: 'Filter output based on conditions provided',
}

export const noTruncFlag: Flag = { name: 'no-trunc', help: "Don't truncate output" }
export const quietFlag: Flag = { name: 'quiet', short: 'q', help: 'Only show IDs' }
export const forcePruneFlag: Flag = {
  name: 'force',
  short: 'f',
  help: 'Do not prompt for confirmation',
}
