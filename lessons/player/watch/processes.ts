// Reads the processes of the session: their numbers, states and namespaces.
//
// Whose they are: descendants of the session's terminals, and whoever lives in
// a PID namespace that is not the host's (a container whose starter has ended is
// a child of PID 1), unless another learner's terminal started it.
//
// Next: lessons/player/watch/process-rows.ts
import { type Frame, printable } from './frames.ts'
import type { ViewReader } from './sampler.ts'
import { type IdRange, namespaceNames, type ProcessesSample, type ProcessFacts } from './samples.ts'

const most = 40

export class ProcessesReader implements ViewReader {
  readonly stale = false
  readonly #view: ProcessesSample['view']

  constructor(view: ProcessesSample['view']) {
    this.#view = view
  }

  script(): string {
    // Kernel threads are most of an idle machine: found once in a run, not read again.
    // A fork bomb makes thousands: the host's first, the terminals', the asked one, and 300 others must do.
    return `[ $frame -ne 0 ] || kernel=$(grep -slE '^PPid:[[:space:]]*2$' /proc/[0-9]*/status | tr '\\n' ' ')
printf 'head\\npid %s\\n' "\${pid:-}"
f=/proc/1/
for t in "$LAB_DIR"/../*/terminals/*; do
  read -r p < "$t" 2>/dev/null || continue
  f="$f /proc/$p/"
  d=\${t%/terminals/*}
  [ "\${d##*/}" = "$LAB_SESSION" ] && printf 'ours %s %s\\n' "$p" "\${t##*/}" || printf 'other %s\\n' "$p"
done
[ -z "\${pid:-}" ] || f="$f /proc/$pid/"
set -- /proc/[0-9]*/
[ $# -le 300 ] || shift $(($# - 300))
s=; n=
for d in $f "$@"; do
  case "$kernel" in *"\${d}status "*) continue;; esac
  s="$s \${d}status \${d}uid_map"; n="$n \${d}ns"
done
printf '\\0processes\\n'
grep -asHE '^((Name|State|PPid|NSpid|Uid):| *[0-9]+ +[0-9]+ +[0-9]+$)' $s
printf '\\0namespaces\\n'
find $n -type l -printf '%p %l\\n' 2>/dev/null
printf '\\0'`
  }

  read(frame: Frame): ProcessesSample {
    return parseProcesses(frame, this.#view)
  }
}

export function parseProcesses(frame: Frame, view: ProcessesSample['view']): ProcessesSample {
  const head = frame.text('head').split('\n')
  const ours = new Map<number, string>()
  const others = new Set<number>()
  let focus: number | undefined
  for (const line of head) {
    const [kind, pid = '', name = ''] = line.split(' ')
    if (kind === 'ours') ours.set(Number(pid), printable(name))
    if (kind === 'other') others.add(Number(pid))
    if (kind === 'pid' && /^\d+$/.test(pid)) focus = Number(pid)
  }
  const all = readProcesses(frame)
  for (const [pid, name] of ours) {
    const process = all.get(pid)
    if (process) process.terminal = name
  }
  const host = all.get(1)?.namespaces ?? {}
  const foreign = (one: ProcessFacts): boolean =>
    one.namespaces.pid !== undefined && one.namespaces.pid !== host.pid
  const wanted = [...all.values()].filter((one) => {
    const line = ancestors(one, all)
    if (line.some(({ pid }) => pid === 2)) return false
    if (line.some(({ pid }) => ours.has(pid) || pid === focus)) return true
    // Checks and samplers come by sshd, and may look into a container from inside it.
    return line.some(foreign) && !line.some(({ pid, command }) => others.has(pid) || command === 'sshd')
  })
  wanted.sort((a, b) => a.pid - b.pid)
  const shown = most < wanted.length ? keep(wanted, (one) => ours.has(one.pid) || one.pid === focus) : wanted
  return {
    view,
    host,
    processes: shown,
    more: wanted.length - shown.length,
    ...(focus === undefined ? {} : { focus }),
  }
}

/** The first ones, and those that must not be missing. */
function keep(all: readonly ProcessFacts[], must: (one: ProcessFacts) => boolean): ProcessFacts[] {
  const needed = all.filter(must).slice(0, most)
  const rest = all.filter((one) => !must(one)).slice(0, most - needed.length)
  return [...needed, ...rest].sort((a, b) => a.pid - b.pid)
}

/** The process, its parent, and so on, up to PID 1. A sample read while PIDs are reused may go in circles. */
function ancestors(process: ProcessFacts, all: ReadonlyMap<number, ProcessFacts>): ProcessFacts[] {
  const line: ProcessFacts[] = []
  for (let at: ProcessFacts | undefined = process; at && !line.includes(at); at = all.get(at.ppid))
    if (at.pid !== 1) line.push(at)
  return line
}

function readProcesses(frame: Frame): Map<number, ProcessFacts> {
  const all = new Map<number, ProcessFacts>()
  const at = (pid: number): ProcessFacts => {
    const known = all.get(pid)
    if (known) return known
    const made: ProcessFacts = {
      ...{ pid, ppid: 0, nspid: [pid], command: '?', state: '?', uid: 0 },
      ...{ uidMap: [], namespaces: {} },
    }
    all.set(pid, made)
    return made
  }
  for (const line of frame.text('processes').split('\n')) {
    const [, pid = '', file = '', text = ''] = /^\/proc\/(\d+)\/+(status|uid_map):(.*)$/.exec(line) ?? []
    if (pid === '') continue
    const process = at(Number(pid))
    if (file === 'status') readStatus(process, text)
    else addRange(process.uidMap, text)
  }
  for (const line of frame.text('namespaces').split('\n')) {
    const [, pid = '', found, inode = ''] = /^\/proc\/(\d+)\/+ns\/(\w+) \w+:\[(\d+)\]$/.exec(line) ?? []
    const name = namespaceNames.find((one) => one === found)
    if (name) at(Number(pid)).namespaces[name] = inode
  }
  // Gone between the reading of one file and of the next.
  for (const [pid, process] of all) if (process.state === '?') all.delete(pid)
  return all
}

function readStatus(process: ProcessFacts, text: string): void {
  const cut = text.indexOf(':')
  const value = text.slice(cut + 1).trim()
  const numbers = value.split(/\s+/).map(Number)
  switch (text.slice(0, cut)) {
    case 'Name':
      process.command = printable(value) || '?'
      break
    case 'State':
      process.state = value.slice(0, 1)
      break
    case 'PPid':
      process.ppid = numbers[0] ?? 0
      break
    case 'NSpid':
      process.nspid = numbers
      break
    case 'Uid':
      // Real, effective, saved, file system.
      process.uid = numbers[1] ?? 0
  }
}

/** The same file may be read twice: once by name, once by the pattern. */
function addRange(ranges: IdRange[], text: string): void {
  const [inside = 0, outside = 0, count = 0] = text.trim().split(/\s+/).map(Number)
  if (!ranges.some((one) => one.inside === inside)) ranges.push({ inside, outside, count })
}
