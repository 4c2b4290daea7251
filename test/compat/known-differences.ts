// What a manager cannot do with a runtime, and why: there a case must fail, so that this
// list stays true.

import type { Kind } from '../suites/manager.ts'

const differences: Record<string, Record<string, string>> = {
  'docker+runc': {
    '--privileged': 'runc gives up where the machine itself lacks a capability (here CAP_SYS_RESOURCE)',
  },
}

/**
 * What podman leaves out for a user where limits cannot be delegated (cgroup v1), or a file system is
 * not mounted: on other machines it works, and here with no runtime.
 */
const limits = 'there is no cgroup'
export const withoutRoot: Record<string, string> = {
  'pause, unpause': limits,
  'update -m': limits,
  'stats --no-stream': limits,
  'exit status 137: out of memory': limits,
  '-m': limits,
  '--pids-limit': limits,
  '--cpus': limits,
  '--cpu-shares': limits,
  '--ipc=host': 'podman wants a /dev/mqueue of the host',
}

/** `runtime` by the name of its program. */
export function reasonOf(manager: Kind, runtime: string, title: string): string | undefined {
  // Ours, and any machine with all capabilities, does it.
  return differences[`${manager}+${runtime}`]?.[title]
}
