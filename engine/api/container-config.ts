// Config: what of a container is the same on every machine, and the body of
// `POST /containers/create`, which has HostConfig and networks beside it. Docker's field
// names and types: https://docs.docker.com/reference/api/engine/
import * as z from 'zod/mini'
import { endpointSettingsSchema } from './endpoint.ts'
import { hostConfigSchema, optional } from './host-config.ts'

const text = optional(z.string())
const flag = optional(z.boolean())
const strings = optional(z.array(z.string()))
/** A list; old clients send one string. */
const words = optional(
  z.pipe(
    z.union([z.array(z.string()), z.string()]),
    z.transform((value) => (typeof value === 'string' ? [value] : value)),
  ),
)
/** A set: `{"80/tcp": {}}`. */
const names = optional(z.record(z.string(), z.unknown()))

const healthSchema = z.object({
  /** `['NONE']`, `['CMD', …]`, `['CMD-SHELL', '…']`; empty: the image's. */
  Test: strings,
  /** Nanoseconds; 0: the default, or the image's. */
  Interval: optional(z.number()),
  Timeout: optional(z.number()),
  StartPeriod: optional(z.number()),
  StartInterval: optional(z.number()),
  Retries: optional(z.int()),
})
export type HealthConfig = z.infer<typeof healthSchema>

const configShape = {
  Hostname: text,
  Domainname: text,
  /** `name|uid[:group|gid]`. */
  User: text,
  AttachStdin: flag,
  AttachStdout: flag,
  AttachStderr: flag,
  ExposedPorts: names,
  Tty: flag,
  OpenStdin: flag,
  StdinOnce: flag,
  /** `NAME=value`; `NAME` alone takes the image's away. */
  Env: strings,
  Cmd: words,
  Healthcheck: optional(healthSchema),
  ArgsEscaped: flag,
  Image: text,
  Volumes: names,
  WorkingDir: text,
  /** `['']` takes the image's away. */
  Entrypoint: words,
  NetworkDisabled: flag,
  MacAddress: text,
  OnBuild: strings,
  Labels: optional(z.record(z.string(), z.string())),
  StopSignal: text,
  /** Seconds. */
  StopTimeout: optional(z.int()),
  Shell: strings,
}

export const configSchema = z.object(configShape)
export type ContainerConfig = z.infer<typeof configSchema>

export const createBodySchema = z.object({
  ...configShape,
  HostConfig: optional(hostConfigSchema),
  NetworkingConfig: optional(
    z.object({ EndpointsConfig: optional(z.record(z.string(), optional(endpointSettingsSchema))) }),
  ),
})

export type CreateBody = z.infer<typeof createBodySchema>

/** Body of `POST /containers/{id}/exec`. */
export const execBodySchema = z.object({
  User: text,
  Privileged: flag,
  Tty: flag,
  ConsoleSize: optional(z.array(z.int())),
  AttachStdin: flag,
  AttachStdout: flag,
  AttachStderr: flag,
  DetachKeys: text,
  Env: strings,
  WorkingDir: text,
  Cmd: words,
})
export type ExecBody = z.infer<typeof execBodySchema>
