// What a runtime said when it failed, as an error of ours. Pure.
//
// Runtimes have no error codes: there is a log file with a JSON object a line, and
// words, of which Docker takes the kind too. The words are those of runc and crun.
import * as z from 'zod/mini'
import { EngineError, type EngineErrorKind } from '../../errors.ts'

const lineSchema = z.object({ level: z.optional(z.string()), msg: z.string() })

/** Of the log, the last line that is an error. */
function lastError(log: string): string | undefined {
  const lines = log
    .split('\n')
    .map(parse)
    .filter((line) => line !== undefined)
  return lines.findLast(({ level }) => level === 'error' || level === 'fatal')?.msg ?? lines.at(-1)?.msg
}

function parse(text: string): z.infer<typeof lineSchema> | undefined {
  try {
    return lineSchema.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

const kinds: readonly (readonly [words: RegExp, kind: EngineErrorKind])[] = [
  [/does not exist|no such container|error opening file .*\/status/i, 'not-found'],
  [
    /already exists|not running|not stopped|not paused|not in the (?:created|running)|already running/i,
    'conflict',
  ],
]

/** Docker's: 127 when there is no such program, 126 when it cannot be run. */
const statuses: readonly (readonly [words: RegExp, exitStatus: number])[] = [
  [/executable file .*not found|exec: .*no such file or directory|executable file.*no such file/i, 127],
  [/exec: .*permission denied|exec: .*is a directory|exec format error|executable.*permission denied/i, 126],
]

/** @param log text of its log file. @param printed what it wrote on its standard output and error, where those were its own */
export function runtimeError(
  name: string,
  verb: string,
  status: number,
  log: string,
  printed: string,
): EngineError {
  const said = lastError(log) ?? printed.trim().split('\n').at(-1) ?? ''
  const reason = said === '' ? `it ended with status ${status} and said nothing` : said
  const kind = kinds.find(([words]) => words.test(reason))?.[1] ?? 'internal'
  const exitStatus = statuses.find(([words]) => words.test(reason))?.[1] ?? 125
  return new EngineError(exitStatus === 125 ? kind : 'invalid', `${name} ${verb}: ${reason}`, { exitStatus })
}
