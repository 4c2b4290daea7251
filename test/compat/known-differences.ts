// What a manager cannot do with a runtime, and why: there a case must fail, so that this
// list stays true.

import type { Kind } from '../suites/manager.ts'

const differences: Record<string, Record<string, string>> = {
  'docker+runc': {
    '--privileged': 'runc gives up where the machine itself lacks a capability (here CAP_SYS_RESOURCE)',
  },
}

/**
 * What podman leaves out for a user where no limits can be delegated (cgroup v1), and what wants
 * the host's /dev/mqueue: with no runtime it works here, and on other machines with both.
 */
export const withoutRoot: readonly string[] = [
  'pause, unpause',
  'update -m',
  'stats --no-stream',
  'exit status 137: out of memory',
  '-m',
  '--pids-limit',
  '--cpus',
  '--cpu-shares',
  '--ipc=host',
]

/** `runtime` by the name of its program. */
export function reasonOf(manager: Kind, runtime: string, title: string): string | undefined {
  // Ours, and any machine with all capabilities, does it.
  return differences[`${manager}+${runtime}`]?.[title]
}
