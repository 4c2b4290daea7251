// What a manager cannot do with a runtime, and why: there a case must fail, so that this
// list stays true.

const differences: Record<string, Record<string, string>> = {
  'docker+runc': {
    '--privileged': 'runc gives up where the machine itself lacks a capability (here CAP_SYS_RESOURCE)',
  },
}

/** `runtime` by the name of its program. */
export function reasonOf(manager: 'docker' | 'podman', runtime: string, title: string): string | undefined {
  // Ours, and any machine with all capabilities, does it.
  return differences[`${manager}+${runtime}`]?.[title]
}
