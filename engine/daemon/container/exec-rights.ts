// What `docker exec` takes over from the process that it stands beside: limits of its own,
// no way to more privileges, its label, and who dies first when memory ends. Without them
// a container that was started with `--security-opt no-new-privileges` or `--ulimit`
// would be open again to whoever comes in later.
//
// By config.json, which is what runs; the daemon's defaults may be others by now.
//
// Called by jobs/container-exec.ts. Next: engine/drivers/exec/native.ts
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod/mini'
import { type Process, processSchema } from '../../libcontainer/config/process.ts'

type Rights = Pick<
  Process,
  'rlimits' | 'noNewPrivileges' | 'apparmorProfile' | 'selinuxLabel' | 'oomScoreAdj'
>

const rightsSchema = z.object({
  process: z.pick(processSchema, {
    ...{ rlimits: true, noNewPrivileges: true, apparmorProfile: true },
    ...{ selinuxLabel: true, oomScoreAdj: true },
  }),
})

/** @param bundle of the container that runs */
export function rightsOf(bundle: string): Rights {
  return rightsSchema.parse(JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8'))).process
}
