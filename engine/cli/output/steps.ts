// The seven steps of `docker run`, as its introductions count them, and what of a trace
// belongs to which. Told by the job that a call was made for, and by the file that made it. Pure.
import type { ToldRecord } from '../../trace/report.ts'

export interface TracedJob {
  /** `container-start`. */
  name: string
  milliseconds: number
  records: readonly ToldRecord[]
}

export interface Step {
  title: string
  /** Why there is nothing to see, where there is nothing. */
  otherwise: string
  records: ToldRecord[]
}

interface Rule extends Omit<Step, 'records'> {
  is: (job: string, record: ToldRecord) => boolean
}

const from =
  (...places: string[]) =>
  (_job: string, { source }: ToldRecord): boolean =>
    places.some((place) => source.startsWith(`engine/${place}`))

/** The first that takes a record has it, so the narrower ones are looked at first: `looked`. */
const rules: readonly Rule[] = [
  {
    title: 'Pull the image',
    otherwise: 'it was here: no registry was asked',
    is: (job) => job === 'image-pull',
  },
  {
    title: 'Create the container: its record, its volumes',
    otherwise: 'only files and rows of the database were written, and those are no system calls of ours',
    is: (job) => job === 'container-create',
  },
  {
    title: 'Mount a layer that it can write in',
    otherwise: 'this storage driver mounts nothing: its layers are directories',
    is: from('drivers/graph/', 'graph/layers'),
  },
  {
    title: 'Give it a network interface',
    otherwise: 'it has the network none or host, and gets none',
    is: from('drivers/network/', 'daemon/network/'),
  },
  {
    title: 'Give it an IP address',
    otherwise: 'without an interface there is nothing that could have one, or it came with the interface',
    is: (job, record) =>
      from('drivers/network/', 'daemon/network/')(job, record) && /\baddr/.test(record.args),
  },
  {
    title: 'Run: namespaces, mounts, a new root, the program',
    otherwise: 'another runtime did it, and does not tell',
    is: () => true,
  },
  {
    title: 'Capture its output',
    otherwise: 'the pipes are made with the process: see step 6',
    is: (job, record) =>
      job === 'container-attach' ||
      from('daemon/logs/', 'daemon/supervisor/stdio', 'daemon/supervisor/output')(job, record),
  },
]
const looked = [2, 4, 3, 0, 1, 6, 5]

/** All seven, in their order, with records oldest first. */
export function stepsOf(jobs: readonly TracedJob[]): Step[] {
  const steps = rules.map(({ title, otherwise }): Step => ({ title, otherwise, records: [] }))
  for (const { name, records } of jobs)
    for (const record of records) {
      const at = looked.find((index) => rules[index]?.is(name, record))
      if (at !== undefined) steps[at]?.records.push(record)
    }
  for (const { records } of steps) records.sort((a, b) => a.at - b.at)
  return steps
}
