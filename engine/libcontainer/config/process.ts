// `process` of config.json: what runs, as whom, and with which rights.
// OCI runtime specification, config.md, "Process".
import * as z from 'zod/mini'
import { absolutePath, int64, name, text, uint32, uint64 } from './values.ts'

const rlimitSchema = z.object({
  /** `RLIMIT_NOFILE` and its kin, getrlimit(2). */
  type: name,
  soft: uint64OrInfinity(),
  hard: uint64OrInfinity(),
})

/** RLIM_INFINITY is 2^64 - 1, which JSON numbers cannot hold exactly. */
function uint64OrInfinity() {
  return z.number().check(z.gte(0))
}

const capabilityList = z.exactOptional(z.array(name))

/** The five sets of capabilities(7), each a list of `CAP_…`. */
const capabilitiesSchema = z.object({
  bounding: capabilityList,
  effective: capabilityList,
  inheritable: capabilityList,
  permitted: capabilityList,
  ambient: capabilityList,
})
export type Capabilities = z.infer<typeof capabilitiesSchema>

const schedulerSchema = z.object({
  policy: name,
  nice: z.exactOptional(int64),
  priority: z.exactOptional(int64),
  flags: z.exactOptional(z.array(name)),
  runtime: z.exactOptional(uint64),
  deadline: z.exactOptional(uint64),
  period: z.exactOptional(uint64),
})

const userSchema = z.object({
  uid: uint32,
  gid: uint32,
  umask: z.exactOptional(uint32),
  additionalGids: z.exactOptional(z.array(uint32)),
})
export type User = z.infer<typeof userSchema>

export const processSchema = z.object({
  terminal: z.exactOptional(z.boolean()),
  /** In characters; the size of the terminal at its start. */
  consoleSize: z.exactOptional(z.object({ height: uint64, width: uint64 })),
  cwd: absolutePath,
  /** `NAME=value`, in this order. */
  env: z.exactOptional(z.array(text)),
  args: z.array(text).check(z.minLength(1, 'there is no command')),
  user: userSchema,
  capabilities: z.exactOptional(capabilitiesSchema),
  rlimits: z.exactOptional(z.array(rlimitSchema)),
  noNewPrivileges: z.exactOptional(z.boolean()),
  apparmorProfile: z.exactOptional(text),
  selinuxLabel: z.exactOptional(text),
  oomScoreAdj: z.exactOptional(z.int().check(z.gte(-1000), z.lte(1000))),
  scheduler: z.exactOptional(schedulerSchema),
  ioPriority: z.exactOptional(
    z.object({
      class: z.enum(['IOPRIO_CLASS_RT', 'IOPRIO_CLASS_BE', 'IOPRIO_CLASS_IDLE']),
      priority: z.exactOptional(z.int().check(z.gte(0), z.lte(7))),
    }),
  ),
  execCPUAffinity: z.exactOptional(
    z.object({ initial: z.exactOptional(text), final: z.exactOptional(text) }),
  ),
})
export type Process = z.infer<typeof processSchema>
