// `linux` of config.json. OCI runtime specification, config-linux.md.
import * as z from 'zod/mini'
import { resourcesSchema } from './resources.ts'
import { absolutePath, int64, name, stringMap, text, uint32 } from './values.ts'

const namespaceSchema = z.object({
  type: z.enum(['pid', 'network', 'mount', 'ipc', 'uts', 'user', 'cgroup', 'time']),
  /** One to join; left out, a new one. */
  path: z.exactOptional(text),
})
export type Namespace = z.infer<typeof namespaceSchema>

const idMappingSchema = z.object({ containerID: uint32, hostID: uint32, size: uint32 })
export type IdMapping = z.infer<typeof idMappingSchema>

const deviceSchema = z.object({
  /** c and u: character, b: block, p: FIFO. */
  type: z.enum(['c', 'u', 'b', 'p']),
  path: absolutePath,
  major: z.exactOptional(int64),
  minor: z.exactOptional(int64),
  /** Permission bits, decimal in JSON as everything else. */
  fileMode: z.exactOptional(uint32),
  uid: z.exactOptional(uint32),
  gid: z.exactOptional(uint32),
})
export type Device = z.infer<typeof deviceSchema>

const seccompSchema = z.object({
  /** `SCMP_ACT_ALLOW` and so on, seccomp_rule_add(3). */
  defaultAction: name,
  defaultErrnoRet: z.exactOptional(uint32),
  architectures: z.exactOptional(z.array(name)),
  flags: z.exactOptional(z.array(name)),
  listenerPath: z.exactOptional(text),
  listenerMetadata: z.exactOptional(text),
  syscalls: z.exactOptional(
    z.array(
      z.object({
        names: z.array(name).check(z.minLength(1, 'it names no system call')),
        action: name,
        errnoRet: z.exactOptional(uint32),
        args: z.exactOptional(
          z.array(
            z.object({
              index: uint32,
              /** 64 bits: numbers beyond 2^53 come rounded. */
              value: z.number().check(z.gte(0)),
              valueTwo: z.exactOptional(z.number().check(z.gte(0))),
              op: name,
            }),
          ),
        ),
      }),
    ),
  ),
})
export type Seccomp = z.infer<typeof seccompSchema>

export const linuxSchema = z.object({
  namespaces: z.exactOptional(z.array(namespaceSchema)),
  uidMappings: z.exactOptional(z.array(idMappingSchema)),
  gidMappings: z.exactOptional(z.array(idMappingSchema)),
  timeOffsets: z.exactOptional(
    // partialRecord: a record with an enum for its keys would want both clocks.
    z.partialRecord(
      z.enum(['monotonic', 'boottime']),
      z.object({ secs: z.exactOptional(int64), nanosecs: z.exactOptional(uint32) }),
    ),
  ),
  devices: z.exactOptional(z.nullable(z.array(deviceSchema))),
  cgroupsPath: z.exactOptional(text),
  rootfsPropagation: z.exactOptional(
    z.enum(['shared', 'slave', 'private', 'unbindable', 'rshared', 'rslave', 'rprivate', 'runbindable', '']),
  ),
  resources: z.exactOptional(resourcesSchema),
  seccomp: z.exactOptional(z.nullable(seccompSchema)),
  sysctl: z.exactOptional(stringMap),
  maskedPaths: z.exactOptional(z.nullable(z.array(absolutePath))),
  readonlyPaths: z.exactOptional(z.nullable(z.array(absolutePath))),
  mountLabel: z.exactOptional(text),
  personality: z.exactOptional(
    z.object({ domain: z.enum(['LINUX', 'LINUX32']), flags: z.exactOptional(z.array(name)) }),
  ),
  intelRdt: z.exactOptional(
    z.object({
      closID: z.exactOptional(text),
      l3CacheSchema: z.exactOptional(text),
      memBwSchema: z.exactOptional(text),
    }),
  ),
  /** Of specification 1.3, and not done here: known only to be warned of (rules/linux.ts). */
  netDevices: z.exactOptional(z.unknown()),
  memoryPolicy: z.exactOptional(z.unknown()),
})
export type Linux = z.infer<typeof linuxSchema>

export const mountSchema = z.object({
  destination: name,
  type: z.exactOptional(text),
  source: z.exactOptional(text),
  /** As mount(8) takes them, with those of config.md, "Linux mount options". */
  options: z.exactOptional(z.array(name)),
  uidMappings: z.exactOptional(z.array(idMappingSchema)),
  gidMappings: z.exactOptional(z.array(idMappingSchema)),
})
export type Mount = z.infer<typeof mountSchema>
