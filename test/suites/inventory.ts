// What a tockerd and its supervisor have of this machine, to be compared with what they had before.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { hierarchies } from '../../engine/libcontainer/cgroups/hierarchy.ts'
import type { Tockerd } from './tockerd.ts'

/** Descriptors come and go with an init that waits or does not; what is listed must be the same. */
export function inventory({ directory, pid, supervisorPid }: Tockerd): Record<string, number | string> {
  const list = (path: string): string => names(join(directory, path)).join(' ')
  const parent = join(Object.values(hierarchies().v1)[0] ?? hierarchies().v2 ?? '', basename(directory))
  return {
    'descriptors of the daemon': names(`/proc/${pid}/fd`).length,
    'descriptors of the supervisor': names(`/proc/${supervisorPid}/fd`).length,
    'children of the supervisor': read(`/proc/${supervisorPid}/task/${supervisorPid}/children`)
      .trim()
      .split(' ').length,
    cgroups: names(parent).filter((name) => existsSync(join(parent, name, 'cgroup.procs'))).length,
    mounts: read('/proc/self/mountinfo')
      .split('\n')
      .filter((line) => line.includes(directory)).length,
    layers: `${list('root/overlay2')} ${list('root/vfs')}`,
    'directories of containers': list('root/containers'),
    bundles: list('exec/bundles'),
    'directories of the supervisor': list('exec/containers'),
    'states of libcontainer': list('exec/native'),
    volumes: list('root/volumes'),
    blobs: `${list('root/image/overlay2/content/blobs/sha256')} ${list('root/image/vfs/content/blobs/sha256')}`,
    'blobs on their way': `${list('root/image/overlay2/content/ingest')} ${list('root/image/vfs/content/ingest')}`,
    'places of docker cp': list('exec/files'),
  }
}

function names(path: string): string[] {
  return existsSync(path) ? readdirSync(path).toSorted() : []
}

/** Empty when it is not there, or not any more. */
export function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
