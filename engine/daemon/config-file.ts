// /etc/tocker/daemon.json: settings under the names that Docker's daemon.json has.
//
//   {
//     "data-root": "/srv/tocker",
//     "storage-driver": "btrfs",
//     "registry-mirrors": ["https://mirror.example.org"],
//     "insecure-registries": ["registry.lan:5000", "10.0.0.0/8"]
//   }
//
// A word that is not known here is refused, since who writes "storage_driver" means
// something by it. What is given both here and as a flag is refused, too (options.ts).
//
// https://docs.docker.com/reference/cli/dockerd/#daemon-configuration-file
import { readFileSync } from 'node:fs'
import * as z from 'zod/mini'
import { EngineError } from '../errors.ts'
import { networkFields } from './network/config-fields.ts'

const absolute = z.string().check(z.regex(/^\/[^\0]*$/, 'it is a path that begins with /'))
const driver = z.enum(['overlay2', 'fuse-overlayfs', 'btrfs', 'devicemapper', 'vfs', 'aufs'], {
  error: 'it is overlay2, fuse-overlayfs, btrfs, devicemapper or vfs',
})
const mirror = z.string().check(
  z.refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), {
    error: 'it is a URL as https://mirror.example.org',
  }),
)
const insecure = z
  .string()
  .check(
    z.regex(
      /^[\w.-]+(:\d{1,5})?$|^\[[\da-f:.]+\](:\d{1,5})?$|^[\da-f.:]+\/\d{1,3}$/i,
      'it is a host:port or a network as 10.0.0.0/8',
    ),
  )

const schema = z.strictObject({
  'data-root': z.optional(absolute),
  'storage-driver': z.optional(driver),
  /** Of the driver: `dm.basesize=10G`. */
  'storage-opts': z.optional(z.array(z.string())),
  'registry-mirrors': z.optional(z.array(mirror)),
  'insecure-registries': z.optional(z.array(insecure)),
  hosts: z.optional(z.array(z.string())),
  'exec-root': z.optional(absolute),
  group: z.optional(z.string()),
  pidfile: z.optional(absolute),
  /** Programs with runc's command line, by what `--runtime` calls them. */
  runtimes: z.optional(z.record(z.string(), z.strictObject({ path: z.string() }))),
  'default-runtime': z.optional(z.string()),
  'log-driver': z.optional(z.string()),
  'log-opts': z.optional(z.record(z.string(), z.string())),
  'default-ulimits': z.optional(
    z.record(z.string(), z.strictObject({ Name: z.string(), Soft: z.int(), Hard: z.int() })),
  ),
  /** Bytes, or a word as 64M. */
  'default-shm-size': z.optional(z.union([z.string(), z.int()])),
  'default-ipc-mode': z.optional(z.string()),
  'default-cgroupns-mode': z.optional(z.string()),
  init: z.optional(z.boolean()),
  'init-path': z.optional(absolute),
  'no-new-privileges': z.optional(z.boolean()),
  /** A path, `builtin` or `unconfined`. */
  'seccomp-profile': z.optional(z.string()),
  labels: z.optional(z.array(z.string())),
  /** Seconds. */
  'shutdown-timeout': z.optional(z.int()),
  'log-level': z.optional(z.string()),
  'live-restore': z.optional(z.boolean()),
  'userns-remap': z.optional(z.string()),
  'cgroup-parent': z.optional(absolute),
  debug: z.optional(z.boolean()),
  ...networkFields,
  tls: z.optional(z.boolean()),
  tlsverify: z.optional(z.boolean()),
  tlscacert: z.optional(absolute),
  tlscert: z.optional(absolute),
  tlskey: z.optional(absolute),
})

export type ConfigFile = z.infer<typeof schema>

/** @throws EngineError `invalid` with the file, the field and what it should be */
export function parseConfigFile(text: string, path: string): ConfigFile {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new EngineError('invalid', `${path} is not JSON: ${error instanceof Error ? error.message : error}`)
  }
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  if (issue?.code === 'unrecognized_keys')
    throw new EngineError(
      'invalid',
      `${path}: "${issue.keys.join('", "')}" is not known here; there are ${Object.keys(schema.shape).join(', ')}`,
    )
  const place = issue?.path.map((one) => (typeof one === 'number' ? `[${one}]` : `"${String(one)}"`)).join('')
  throw new EngineError(
    'invalid',
    `${path}: ${place ? `${place}: ` : ''}${issue?.message ?? 'not as it should be'}`,
  )
}

/** @param path left out: the usual place, which need not exist */
export function readConfigFile(path?: string): ConfigFile {
  const file = path ?? '/etc/tocker/daemon.json'
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    if (path === undefined && cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return {}
    throw new EngineError('invalid', `read the settings`, { cause })
  }
  return parseConfigFile(text, file)
}
