// crun refuses hosts with controllers in v1 and in v2: "cgroups in hybrid mode not supported".
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { hierarchies } from '../../engine/libcontainer/cgroups/hierarchy.ts'

export function isHybrid(): boolean {
  const { v1, v2 } = hierarchies()
  return (
    Object.keys(v1).length > 0 &&
    v2 !== undefined &&
    readFileSync(join(v2, 'cgroup.controllers'), 'utf8').trim() !== ''
  )
}
