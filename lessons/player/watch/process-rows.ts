// From a sample of processes to what is drawn: rows in the order of the tree,
// and a letter for each set of namespaces.
//
// A letter is for namespaces that came together: all that are first seen at one
// process have that process's letter, so a container is one letter, and who joins
// it later shows the same one. Namespace and letter stay together as long as the
// namespace is in sight.
//
// Pure: drawn by the site and by the terminal.
import { type NamespaceName, namespaceNames, type ProcessesSample, type ProcessFacts } from './samples.ts'

export interface ProcessRow {
  process: ProcessFacts
  depth: number
  /** It is its parent's last child. */
  last: boolean
  /** For each level above: whether a line goes on downwards there. */
  rails: boolean[]
}

/** Parents before their children; whose parent is not in the sample stands at the left. */
export function processRows(sample: ProcessesSample): ProcessRow[] {
  const known = new Set(sample.processes.map(({ pid }) => pid))
  const children = new Map<number, ProcessFacts[]>()
  const roots: ProcessFacts[] = []
  for (const process of sample.processes) {
    const hasParent = known.has(process.ppid) && process.ppid !== process.pid
    if (hasParent) children.set(process.ppid, [...(children.get(process.ppid) ?? []), process])
    else roots.push(process)
  }
  const rows: ProcessRow[] = []
  const met = new Set<number>()
  const grow = (process: ProcessFacts, rails: boolean[], last: boolean): void => {
    if (met.has(process.pid)) return
    met.add(process.pid)
    rows.push({ process, depth: rails.length, last, rails })
    const below = children.get(process.pid) ?? []
    for (const child of below) grow(child, [...rails, child !== below.at(-1)], child === below.at(-1))
  }
  for (const root of roots) grow(root, [], true)
  // A circle of parents cannot be; a sample that was read while PIDs were reused can say so.
  for (const process of sample.processes) grow(process, [], true)
  return rows
}

/** `pid:4026532179` -> A, B, C … */
export type Letters = ReadonlyMap<string, string>

const alphabet = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ']

export function spaceKey(name: NamespaceName, inode: string): string {
  return `${name}:${inode}`
}

/** @param before letters of the last sample: they stay, and one that is free again is given again */
export function namespaceLetters(
  sample: ProcessesSample,
  rows: readonly ProcessRow[],
  before: Letters = new Map(),
): Letters {
  const present = rows.flatMap(({ process }) => ownSpaces(sample, process))
  const letters = new Map([...before].filter(([key]) => present.includes(key)))
  for (const { process } of rows) {
    const fresh = ownSpaces(sample, process).filter((key) => !letters.has(key))
    if (fresh.length === 0) continue
    const used = new Set(letters.values())
    const kinds = fresh.map((key) => key.split(':')[0] ?? '')
    // What a process unshares later joins the letter that began with it. A PID or time namespace begins
    // with the child of whoever unshared it: it joins the parent's.
    const late = kinds.every((kind) => kind === 'pid' || kind === 'time')
    const begun = ownSpaces(sample, process)
      .flatMap((key) => letters.get(key) ?? [])
      .find(
        (one) =>
          (late || !inherited(process, one, rows, sample, letters)) &&
          ![...letters].some(([key, other]) => other === one && kinds.includes(key.split(':')[0] ?? '')),
      )
    const letter = begun ?? alphabet.find((one) => !used.has(one)) ?? '*'
    for (const key of fresh) letters.set(key, letter)
  }
  return letters
}

/** Whether the parent has a namespace of this letter too: then the letter is not the process's own. */
function inherited(
  process: ProcessFacts,
  letter: string,
  rows: readonly ProcessRow[],
  sample: ProcessesSample,
  letters: Letters,
): boolean {
  const parent = rows.find((row) => row.process.pid === process.ppid)?.process
  return parent ? ownSpaces(sample, parent).some((key) => letters.get(key) === letter) : false
}

/** Keys of the namespaces that are not the host's. */
export function ownSpaces(sample: ProcessesSample, process: ProcessFacts): string[] {
  return namespaceNames.flatMap((name) => {
    const inode = process.namespaces[name]
    return inode === undefined || inode === sample.host[name] ? [] : [spaceKey(name, inode)]
  })
}

export interface Inside {
  /** Inode of the PID namespace; undefined where there is none but the host's. */
  space: string | undefined
  /** Its number, its parent's and its user in there; for each process that can be seen from in there. */
  numbers: Map<number, { pid: number; ppid: number; uid: number }>
}

/** How the processes look from inside: from the PID namespace of the focus, or else of the first container. */
export function seenInside(sample: ProcessesSample): Inside {
  const byPid = new Map(sample.processes.map((process) => [process.pid, process]))
  const asked = sample.focus === undefined ? undefined : byPid.get(sample.focus)
  const elsewhere = (one: ProcessFacts): boolean =>
    one.namespaces.pid !== undefined && one.namespaces.pid !== sample.host.pid
  const focus = asked && elsewhere(asked) ? asked : sample.processes.find(elsewhere)
  const space = focus?.namespaces.pid
  const level = (focus?.nspid.length ?? 0) - 1
  const numbers: Inside['numbers'] = new Map()
  if (!focus || space === undefined) return { space: undefined, numbers }
  /** In that namespace, or in one below it. A zombie has no namespaces, and its parent's say it. */
  const within = (one: ProcessFacts | undefined, hops = 0): boolean => {
    if (!one || hops > 50 || one.nspid.length <= level) return false
    if (one.namespaces.pid !== undefined && one.nspid.length === level + 1)
      return one.namespaces.pid === space
    return within(byPid.get(one.ppid), hops + 1)
  }
  for (const process of sample.processes) {
    const pid = process.nspid[level]
    if (pid === undefined || !within(process)) continue
    const parent = byPid.get(process.ppid)
    // A parent outside is 0 in here: getppid(2) of PID 1.
    const ppid = within(parent) ? (parent?.nspid[level] ?? 0) : 0
    numbers.set(process.pid, { pid, ppid, uid: insideUser(process.uid, focus.uidMap) })
  }
  return { space, numbers }
}

/** 65534, "nobody", stands for every user that the map does not know: user_namespaces(7). */
function insideUser(uid: number, map: ProcessFacts['uidMap']): number {
  const range = map.find(({ outside, count }) => uid >= outside && uid < outside + count)
  return range ? range.inside + uid - range.outside : 65_534
}

export interface UserMap {
  letter: string
  ranges: ProcessFacts['uidMap']
}

/** Each user namespace in sight that is not the host's, with its map. */
export function userMaps(sample: ProcessesSample, letters: Letters): UserMap[] {
  const found = new Map<string, UserMap>()
  for (const process of sample.processes) {
    const inode = process.namespaces.user
    if (inode === undefined || inode === sample.host.user || found.has(inode)) continue
    found.set(inode, { letter: letters.get(spaceKey('user', inode)) ?? '*', ranges: process.uidMap })
  }
  return [...found.values()]
}
