// Live views: what they are made of, and how it is read from the sandbox.
//
// One command runs in the sandbox as long as somebody looks, and prints a frame
// about every 0.7 s: plain files of /proc and cgroupfs, one grep and one ls.
// The reading happens here. Parsers are pure.
import { quote } from '../../sandbox-vm/quote.ts'
import type { Sandbox } from '../../sandbox-vm/sandbox.ts'
import type { WatchBlock } from '../format/lesson.ts'
import { sessionEnvironment } from './session.ts'

export const namespaceNames = ['mnt', 'uts', 'ipc', 'pid', 'net', 'user', 'cgroup', 'time'] as const
export type NamespaceName = (typeof namespaceNames)[number]
/** Inode numbers of /proc/PID/ns, as text. */
type Namespaces = Partial<Record<NamespaceName, string>>

export interface NamespacesSample {
  /** PID 1 of the sandbox: what "the host" means in a lesson. */
  host: Namespaces
  /** Processes of the session's terminals, parents first. */
  processes: {
    pid: number
    ppid: number
    /** Its pid in each namespace from the outermost to its own. */
    nspid: number[]
    command: string
    /** Name of the terminal whose shell this is. */
    terminal?: string
    namespaces: Namespaces
  }[]
  focus?: number
}

export interface CgroupSample {
  /** Milliseconds since the epoch. */
  at: number
  path: string
  exists: boolean
  /** Bytes; no limit is null. */
  memory?: { current: number; max: number | null; oomKills: number }
  pids?: { current: number; max: number | null }
  processes: { pid: number; command: string }[]
}

const frameMark = '--- frame'

const samplers: Partial<Record<WatchBlock['view'], string>> = {
  namespaces: `for t in "$LAB_DIR"/terminals/*; do echo "terminal $(cat "$t") \${t##*/}"; done
  grep -sHE '^(Name|PPid|NSpid):' /proc/[0-9]*/status; ls -l /proc/[0-9]*/ns 2>/dev/null`,
  cgroup: `grep -sH '' "$path/memory.current" "$path/memory.max" "$path/memory.events" "$path/pids.current" "$path/pids.max" "$path/cgroup.procs"
  for p in $(cat "$path/cgroup.procs" 2>/dev/null | head -n 20); do echo "process $p $(cat /proc/$p/comm 2>/dev/null)"; done`,
}

/** Calls back with samples until `signal` aborts. Rejects when the sandbox is lost. */
export async function sample(
  sandbox: Sandbox,
  session: string,
  block: WatchBlock,
  signal: AbortSignal,
  onSample: (sample: NamespacesSample | CgroupSample) => void,
): Promise<void> {
  // Arguments are expanded anew for every frame: the shell whose pid is asked for may change.
  const assignments = Object.entries(block.args)
    .map(([name, value]) => `${name}="${value.replaceAll('"', '\\"')}" 2>/dev/null`)
    .join('\n')
  const script = `while :; do
${assignments}
echo "${frameMark} \${pid:-} \${path:-}"
${samplers[block.view]}
echo "--- end" || exit
sleep 0.7
done`
  let rest = ''
  const onStdout = (chunk: Buffer): void => {
    rest += chunk.toString()
    const frames = rest.split('--- end\n')
    rest = frames.pop() ?? ''
    for (const frame of frames)
      onSample(block.view === 'namespaces' ? parseNamespaces(frame) : parseCgroup(frame, Date.now()))
  }
  await sandbox.exec(`sh -c ${quote(script)}`, { env: sessionEnvironment(session), signal, onStdout })
}

export function parseNamespaces(frame: string): NamespacesSample {
  const terminals = new Map<number, string>()
  const found = new Map<number, NamespacesSample['processes'][number]>()
  const at = (pid: number): NamespacesSample['processes'][number] => {
    let process = found.get(pid)
    if (!process) {
      process = { pid, ppid: 0, nspid: [pid], command: '?', namespaces: {} }
      found.set(pid, process)
    }
    return process
  }
  let focus: number | undefined
  let listed = 0
  for (const line of frame.split('\n')) {
    const status = /^\/proc\/(\d+)\/status:(\w+):\s*(.*)$/.exec(line)
    const header = /^\/proc\/(\d+)\/ns:$/.exec(line)
    const link = / (\w+) -> '?\w+:\[(\d+)\]'?$/.exec(line)
    const terminal = /^terminal (\d+) (\S+)$/.exec(line)
    if (line.startsWith(frameMark)) focus = Number(line.split(' ')[2]) || undefined
    else if (terminal) terminals.set(Number(terminal[1]), terminal[2] ?? '')
    else if (header) listed = Number(header[1])
    else if (link) {
      const name = namespaceNames.find((one) => one === link[1])
      if (name) at(listed).namespaces[name] = link[2] ?? ''
    } else if (status) {
      const process = at(Number(status[1]))
      if (status[2] === 'Name') process.command = status[3] ?? ''
      if (status[2] === 'PPid') process.ppid = Number(status[3])
      if (status[2] === 'NSpid') process.nspid = (status[3] ?? '').split(/\s+/).map(Number)
    }
  }
  for (const [pid, name] of terminals) {
    const process = found.get(pid)
    if (process) process.terminal = name
  }
  const ours = (pid: number, depth = 0): boolean => {
    if (terminals.has(pid)) return true
    const parent = found.get(pid)?.ppid
    return parent !== undefined && parent > 1 && depth < 50 && ours(parent, depth + 1)
  }
  const processes = [...found.values()].filter(({ pid }) => ours(pid)).sort((a, b) => a.pid - b.pid)
  return { host: found.get(1)?.namespaces ?? {}, processes, ...(focus === undefined ? {} : { focus }) }
}

export function parseCgroup(frame: string, at: number): CgroupSample {
  const values = new Map<string, string>()
  const processes: CgroupSample['processes'] = []
  let path = ''
  for (const line of frame.split('\n')) {
    const file = /^(\/.+)\/([a-z.]+):(.*)$/.exec(line)
    const process = /^process (\d+) (.*)$/.exec(line)
    if (line.startsWith(frameMark)) path = line.split(' ').at(-1) ?? ''
    else if (process) processes.push({ pid: Number(process[1]), command: process[2] ?? '' })
    else if (file) {
      const [key, value] = file[2] === 'memory.events' ? (file[3] ?? '').split(' ') : [file[2], file[3]]
      values.set(key ?? '', value ?? '')
    }
  }
  const limit = (name: string): number | null =>
    values.get(name) === 'max' ? null : Number(values.get(name) ?? 0)
  const current = values.get('memory.current')
  const pids = values.get('pids.current')
  return {
    ...{ at, path, exists: values.size > 0, processes },
    ...(current === undefined
      ? {}
      : {
          memory: {
            current: Number(current),
            max: limit('memory.max'),
            oomKills: Number(values.get('oom_kill') ?? 0),
          },
        }),
    ...(pids === undefined ? {} : { pids: { current: Number(pids), max: limit('pids.max') } }),
  }
}
