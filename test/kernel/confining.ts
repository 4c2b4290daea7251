// How the tests of confine() start a process that confines itself (confined.ts),
// and what of this machine they need to know.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import type { Linux, Seccomp } from '../../engine/libcontainer/config/linux.ts'
import type { Process } from '../../engine/libcontainer/config/process.ts'
import { capabilitySets, defaultCapabilities } from '../../engine/libcontainer/defaults.ts'
import { packageRoot } from '../../sandbox-vm/package-root.ts'

export interface Wanted {
  process?: Partial<Process>
  seccomp?: Seccomp
  keepFds?: number[]
  personality?: Linux['personality']
  cpus?: string
  trace?: boolean
}

/** A line of shell: what the kernel says of this process. */
export const status =
  'grep -E "^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp:|SigBlk|SigIgn)" /proc/self/status | tr "\\t" " "'
export const fixture = join(packageRoot(), 'test/kernel/confined.ts')
export const isLinuxRoot = process.platform === 'linux' && process.getuid?.() === 0

/** Confines a new process, and lets it run a line of shell. */
export function confined(script: string, wanted: Wanted = {}) {
  const config = { ...wanted, process: shell(script, wanted.process) }
  return execa(process.execPath, [fixture, JSON.stringify(config)], { reject: false, stdin: 'ignore' })
}

/** `process` of config.json, as Docker would write it. */
export function shell(script: string, more: Partial<Process> = {}): Process {
  return {
    cwd: '/',
    user: { uid: 0, gid: 0 },
    args: ['sh', '-c', script],
    env: ['PATH=/usr/bin:/bin'],
    capabilities: capabilitySets(defaultCapabilities),
    ...more,
  }
}

export function has(program: string): boolean {
  return ['/usr/sbin', '/usr/bin', '/sbin', '/bin'].some((directory) => existsSync(join(directory, program)))
}

/** A busybox without libraries needs few system calls, and runs in an empty root. */
export function hasStaticBusybox(): boolean {
  if (!has('busybox')) return false
  const script = 'ldd $(command -v busybox) 2>&1 || true'
  return execFileSync('sh', ['-c', script], { encoding: 'utf8' }).includes('not a dynamic')
}
