// `npm run site:build`, and before `npm pack`: commands and site are made again,
// stale or not. Set-up does the same when a source changed.
import { rebuild } from '../sandbox-vm/setup.mjs'

rebuild()
