// What is asked of tockerd and of Debian's dockerd, by the stock client: a case is a row of
// shell lines, and each line must print the same and end the same with both.
//
//   $N           a name that only this case has: whatever it makes begins with it
//   run, create  docker run and docker create with --network none
//   tty          its words as a command, on a terminal
//
// Lines of one case share a directory; what a line assigns is gone with it.
import { fileCases } from './daemon-cases/files.ts'
import { formCases } from './daemon-cases/forms.ts'
import { isolationCases } from './daemon-cases/isolation.ts'
import { lifecycleCases } from './daemon-cases/lifecycle.ts'
import { limitCases } from './daemon-cases/limits.ts'
import { networkModeCases } from './daemon-cases/network-modes.ts'
import { queryCases } from './daemon-cases/query.ts'
import { runCases } from './daemon-cases/run.ts'
import { securityCases } from './daemon-cases/security.ts'
import { storeCases } from './daemon-cases/store.ts'
import { streamCases } from './daemon-cases/streams.ts'
import { terminalCases } from './daemon-cases/terminal.ts'
import { volumeCases } from './daemon-cases/volumes.ts'
import { watchCases } from './daemon-cases/watch.ts'

export type Cases = Readonly<Record<string, readonly string[]>>

/** Several at a time. */
export const cases: Cases = {
  ...runCases,
  ...isolationCases,
  ...lifecycleCases,
  ...streamCases,
  ...networkModeCases,
  ...queryCases,
  ...storeCases,
  ...fileCases,
  ...limitCases,
  ...securityCases,
  ...volumeCases,
  ...terminalCases,
  ...watchCases,
  ...formCases,
}

export { aloneCases } from './daemon-cases/alone.ts'
