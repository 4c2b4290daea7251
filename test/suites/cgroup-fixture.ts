// Drives engine/libcontainer/cgroups on the machine where it runs: takes a list of
// steps as JSON on stdin, gives a list of results as JSON on stdout. Bundled and
// started by cgroup.ts, here and in the VM.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { EngineError, errorLine } from '../../engine/errors.ts'
import type { Cgroup } from '../../engine/libcontainer/cgroups/cgroup.ts'
import { fromPaths, openCgroup } from '../../engine/libcontainer/cgroups/open.ts'
import type { Resources } from '../../engine/libcontainer/config/resources.ts'
import { type TraceRecord, traceTo } from '../../engine/trace/trace.ts'

export type Step =
  | { do: 'open'; path?: string; id: string; rootless?: boolean; systemd?: boolean }
  /** From saved paths, as another command has them; v1 can be without v2's beside it. */
  | { do: 'reopen'; v1Only?: boolean }
  | { do: 'make' | 'freeze' | 'thaw' | 'kill' | 'remove' | 'state' | 'stats' | 'pids' | 'paths' | 'mounts' }
  | { do: 'oomKills' | 'watch' | 'warnings' | 'trace' | 'exists' }
  /** What was watched, to its end. */
  | { do: 'oomEvents' }
  | { do: 'apply' | 'update'; resources: Resources }
  /** A shell command, in the cgroup from its first instruction. `run` waits for its end. */
  | { do: 'run' | 'start'; command: string }
  /** The same, where the process is whose number is in a file. */
  | { do: 'beside'; file: string; command: string }
  /** Waits for what was started last. */
  | { do: 'wait' }
  | { do: 'signal'; signal: NodeJS.Signals }
  | { do: 'read'; controller: string; file: string }
  | { do: 'sleep'; milliseconds: number }
  /** A shell command outside the cgroup. */
  | { do: 'shell'; command: string }

/** One for each step: what it gave, or why it failed. */
export type Result = { value?: unknown; error?: { kind: string; message: string } }

interface Outcome {
  status: number | null
  signal: string | null
  stdout: string
  stderr: string
}

let cgroup: Cgroup = fromPaths({})
let started: { child: ChildProcess; outcome: Promise<Outcome> } | undefined
const warnings: string[] = []
const oomEvents: (number | 'end')[] = []
const records: TraceRecord[] = []
const disposables: Disposable[] = []
const warn = (line: string): void => void warnings.push(line)

function outcomeOf(child: ChildProcess): Promise<Outcome> {
  const outcome: Outcome = { status: null, signal: null, stdout: '', stderr: '' }
  child.stdout?.on('data', (chunk) => {
    outcome.stdout += chunk
  })
  child.stderr?.on('data', (chunk) => {
    outcome.stderr += chunk
  })
  return new Promise((resolve) =>
    child.once('close', (status, signal) => resolve({ ...outcome, status, signal })),
  )
}

/** The shell waits for a line before it does anything, so nothing of it runs outside. */
function start(command: string, beside?: number): { child: ChildProcess; outcome: Promise<Outcome> } {
  const child = spawn('sh', ['-c', `read _; ${command}`], { stdio: ['pipe', 'pipe', 'pipe'] })
  const outcome = outcomeOf(child)
  try {
    cgroup.add(child.pid ?? 0, beside)
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
  child.stdin?.end('\n')
  return { child, outcome }
}

async function take(step: Step): Promise<unknown> {
  switch (step.do) {
    case 'open':
      cgroup = openCgroup(step.path, step.id, {
        systemd: step.systemd ?? false,
        rootless: step.rootless ?? false,
        warn,
      })
      return undefined
    case 'reopen': {
      const { '': unified, ...v1 } = cgroup.paths
      cgroup = fromPaths(
        step.v1Only && unified !== undefined ? v1 : JSON.parse(JSON.stringify(cgroup.paths)),
        warn,
      )
      if (step.v1Only && unified !== undefined) rmdirSync(unified)
      return undefined
    }
    case 'apply':
    case 'update':
      return cgroup[step.do](step.resources)
    case 'make':
    case 'freeze':
    case 'thaw':
    case 'kill':
    case 'remove':
    case 'stats':
    case 'mounts':
    case 'oomKills':
      return cgroup[step.do]()
    case 'pids':
      return cgroup.pids().length
    case 'paths':
    case 'state':
      return cgroup[step.do]
    case 'exists':
      return Object.values(cgroup.paths).filter((path) => existsSync(path))
    case 'signal':
      return cgroup.signal(step.signal)
    case 'run':
      return start(step.command).outcome
    case 'beside':
      return start(step.command, Number(readFileSync(step.file, 'utf8'))).outcome
    case 'start':
      started = start(step.command)
      return undefined
    case 'wait':
      return started?.outcome
    case 'watch':
      disposables.push(
        cgroup.watchOom({
          onOom: (kills) => void oomEvents.push(kills),
          onEnd: () => void oomEvents.push('end'),
        }),
      )
      return undefined
    case 'oomEvents':
      for (let tries = 0; !oomEvents.includes('end') && tries < 200; tries++) await sleep(100)
      return oomEvents
    case 'warnings':
      return warnings
    case 'trace':
      traceTo((record) => void records.push(record))
      return records.map(({ name, args, result }) => `${name}(${args}) = ${result}`)
    case 'read': {
      const path = cgroup.paths[step.controller] ?? cgroup.paths['']
      return path === undefined ? undefined : readFileSync(join(path, step.file), 'utf8').trimEnd()
    }
    case 'sleep':
      return sleep(step.milliseconds)
    case 'shell':
      return outcomeOf(spawn('sh', ['-c', step.command], { stdio: ['ignore', 'pipe', 'pipe'] }))
  }
}

const steps: Step[] = JSON.parse(readFileSync(0, 'utf8'))
const results: Result[] = []
try {
  for (const step of steps) {
    try {
      results.push({ value: await take(step) })
    } catch (error) {
      const kind = error instanceof EngineError ? error.kind : 'not ours'
      results.push({ error: { kind, message: errorLine(error) } })
    }
  }
} finally {
  for (const one of disposables) one[Symbol.dispose]()
  cgroup.remove()
}
process.stdout.write(JSON.stringify(results))
