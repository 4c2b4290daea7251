// A process, named so that it cannot be taken for another.
//
// A PID alone does not do: the kernel gives it to somebody else, minutes or days
// later, and `kill` would end a stranger. PID and start time together are unique
// until the next boot, and /run is empty by then.
import { readFileSync } from 'node:fs'

export interface ProcessIdentity {
  pid: number
  /** Clock ticks after boot: field 22 of /proc/PID/stat. */
  startTime: number
}

interface Stat {
  /** `R`, `S`, … `Z` for a zombie, `X` for dead. */
  state: string
  startTime: number
}

/** From the text of /proc/PID/stat, proc_pid_stat(5). Pure. */
export function parseStat(text: string): Stat | undefined {
  // Field 2 is the program's name in brackets, and the name may hold spaces and
  // brackets: what counts starts after the *last* one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state = ''] = fields
  const startTime = Number(fields[19])
  return /^[A-Za-z]$/.test(state) && Number.isSafeInteger(startTime) ? { state, startTime } : undefined
}

/** The process that has this PID now. @returns undefined when there is none */
export function identify(pid: number): ProcessIdentity | undefined {
  const stat = readStat(pid)
  return stat && { pid, startTime: stat.startTime }
}

let own: ProcessIdentity | undefined

/** Ourselves, which never changes. @returns undefined where /proc is not mounted */
export function identifySelf(): ProcessIdentity | undefined {
  own ??= identify(process.pid)
  return own
}

/** Does it run still? A zombie does not: it is an exit status that waits for its parent. */
export function isAlive({ pid, startTime }: ProcessIdentity): boolean {
  const stat = readStat(pid)
  return stat !== undefined && stat.startTime === startTime && !'ZXx'.includes(stat.state)
}

function readStat(pid: number): Stat | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    // ENOENT; or ESRCH, when it ended between open(2) and read(2).
    return undefined
  }
}
