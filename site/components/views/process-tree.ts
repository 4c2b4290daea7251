// How a sample becomes a picture: the tree of processes, cut where a child lives
// in another PID namespace than its parent. Each cut becomes a box.
//
// Pure: NamespacesView.vue draws what comes out of here.
import type { NamespaceName, NamespacesSample } from '../../../lessons/player/watch.ts'

type Process = NamespacesSample['processes'][number]

export interface ProcessNode {
  process: Process
  /** Namespaces that are not the host's, but for pid: that one is drawn as a box. */
  own: { name: string; inode: string }[]
  /** Inode of the PID namespace that begins here; undefined where it is the parent's. */
  enters: string | undefined
  /** Which colour that namespace has, from 1; 0 is the host. The same wherever it appears. */
  colour: number
  children: ProcessNode[]
}

const colours = 4

/** Roots of the tree: processes whose parent is not in the sample. */
export function processTree(sample: NamespacesSample): ProcessNode[] {
  const known = new Map(sample.processes.map((process) => [process.pid, process]))
  const children = new Map<number, Process[]>()
  const roots: Process[] = []
  for (const process of sample.processes) {
    // A process that is its own ancestor cannot be; a sample read while pids are reused can say so.
    if (process.ppid !== process.pid && known.has(process.ppid) && !isAncestor(process, known))
      children.set(process.ppid, [...(children.get(process.ppid) ?? []), process])
    else roots.push(process)
  }
  const seen: string[] = []
  const colourOf = (inode: string): number => {
    if (!seen.includes(inode)) seen.push(inode)
    return (seen.indexOf(inode) % colours) + 1
  }
  const grow = (process: Process, around: string | undefined): ProcessNode => {
    const pid = process.namespaces.pid
    const enters = pid === undefined || pid === around ? undefined : pid
    return {
      process,
      own: Object.entries(process.namespaces)
        .filter(([name, inode]) => name !== 'pid' && inode !== sample.host[name as NamespaceName])
        .map(([name, inode]) => ({ name, inode })),
      enters,
      colour: enters === undefined || enters === sample.host.pid ? 0 : colourOf(enters),
      children: (children.get(process.pid) ?? []).map((child) => grow(child, pid ?? around)),
    }
  }
  return roots.map((root) => grow(root, sample.host.pid))
}

/** Whether following parents from `process` comes back to it. */
function isAncestor(process: Process, known: ReadonlyMap<number, Process>): boolean {
  const met = new Set<number>()
  for (let at = known.get(process.ppid); at && !met.has(at.pid); at = known.get(at.ppid)) {
    if (at.pid === process.pid) return true
    met.add(at.pid)
  }
  return false
}

/** The same in words, for whoever does not see the picture. */
export function treeInWords(sample: NamespacesSample): string {
  const inside = sample.processes.filter((process) => process.namespaces.pid !== sample.host.pid)
  const spaces = new Set(inside.map((process) => process.namespaces.pid)).size
  const count = (n: number, word: string) => `${n} ${word}${n === 1 ? '' : 's'}`
  const all = `${sample.processes.length} ${sample.processes.length === 1 ? 'process' : 'processes'}`
  if (inside.length === 0) return `${all} of your terminals, all in the host's PID namespace`
  return `${all} of your terminals, ${inside.length} of them in ${count(spaces, 'PID namespace')} of their own`
}
