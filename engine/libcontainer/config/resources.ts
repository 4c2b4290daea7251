// `linux.resources` of config.json: how much the container may use.
// OCI runtime specification, config-linux.md, "Control groups". The numbers are
// those of cgroup v1; cgroups/convert.ts has the formulas for v2.
import * as z from 'zod/mini'
import { int64, limit, name, stringMap, text, uint32, uint64 } from './values.ts'

const throttle = z.exactOptional(z.array(z.object({ major: int64, minor: int64, rate: uint64 })))

const deviceRuleSchema = z.object({
  allow: z.boolean(),
  /** `a` all, `c` character, `b` block; left out: `a`. */
  type: z.exactOptional(z.enum(['a', 'c', 'b', ''])),
  major: z.exactOptional(int64),
  minor: z.exactOptional(int64),
  /** Any of `r`, `w`, `m` (mknod). */
  access: z.exactOptional(z.string().check(z.regex(/^[rwm]{0,3}$/, 'it has other letters than r, w and m'))),
})
export type DeviceRule = z.infer<typeof deviceRuleSchema>

const memorySchema = z.object({
  /** Bytes; -1 for no limit, here and below. */
  limit: z.exactOptional(limit),
  reservation: z.exactOptional(limit),
  /** Memory and swap together. */
  swap: z.exactOptional(limit),
  kernel: z.exactOptional(limit),
  kernelTCP: z.exactOptional(limit),
  swappiness: z.exactOptional(uint64),
  disableOOMKiller: z.exactOptional(z.boolean()),
  useHierarchy: z.exactOptional(z.boolean()),
  checkBeforeUpdate: z.exactOptional(z.boolean()),
})

const cpuSchema = z.object({
  /** 2 to 262144, 1024 for an ordinary share. */
  shares: z.exactOptional(uint64),
  /** Microseconds of CPU time in each period; -1 for no limit. */
  quota: z.exactOptional(int64),
  burst: z.exactOptional(uint64),
  period: z.exactOptional(uint64),
  realtimeRuntime: z.exactOptional(int64),
  realtimePeriod: z.exactOptional(uint64),
  /** `0-3,7`. */
  cpus: z.exactOptional(text),
  mems: z.exactOptional(text),
  idle: z.exactOptional(int64),
})

const blockIOSchema = z.object({
  /** 10 to 1000. */
  weight: z.exactOptional(z.int().check(z.gte(0), z.lte(1000))),
  leafWeight: z.exactOptional(z.int().check(z.gte(0), z.lte(1000))),
  weightDevice: z.exactOptional(
    z.array(
      z.object({
        major: int64,
        minor: int64,
        weight: z.exactOptional(uint64),
        leafWeight: z.exactOptional(uint64),
      }),
    ),
  ),
  throttleReadBpsDevice: throttle,
  throttleWriteBpsDevice: throttle,
  throttleReadIOPSDevice: throttle,
  throttleWriteIOPSDevice: throttle,
})

export const resourcesSchema = z.object({
  devices: z.exactOptional(z.nullable(z.array(deviceRuleSchema))),
  memory: z.exactOptional(memorySchema),
  cpu: z.exactOptional(cpuSchema),
  pids: z.exactOptional(z.object({ limit: int64 })),
  blockIO: z.exactOptional(blockIOSchema),
  hugepageLimits: z.exactOptional(z.array(z.object({ pageSize: name, limit: z.number().check(z.gte(0)) }))),
  network: z.exactOptional(
    z.object({
      classID: z.exactOptional(uint32),
      priorities: z.exactOptional(z.array(z.object({ name, priority: uint32 }))),
    }),
  ),
  rdma: z.exactOptional(
    z.record(name, z.object({ hcaHandles: z.exactOptional(uint32), hcaObjects: z.exactOptional(uint32) })),
  ),
  /** Files of a cgroup v2 directory, written as they are. */
  unified: z.exactOptional(stringMap),
})
export type Resources = z.infer<typeof resourcesSchema>
