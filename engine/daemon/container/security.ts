// Rights: capabilities, `--security-opt`, and a seccomp profile of one's own. Pure.
import * as z from 'zod/mini'
import type { HostConfig } from '../../api/host-config.ts'
import { EngineError } from '../../errors.ts'
import type { Seccomp } from '../../libcontainer/config/linux.ts'
import { capabilityNames } from '../../libcontainer/config/names.ts'
import { defaultSeccomp, type SeccompCircumstances } from '../../libcontainer/default-seccomp.ts'
import { defaultCapabilities } from '../../libcontainer/defaults.ts'

/**
 * @param available those that can be given: a machine, or a container that we run in, may lack some, and to
 *   ask for all must not fail for one that nobody has
 * @throws EngineError `invalid` for a name that no capability has
 */
export function capabilitiesOf(
  { CapAdd, CapDrop, Privileged }: HostConfig,
  available: readonly string[],
): string[] {
  if (Privileged) return [...available]
  const added = (CapAdd ?? []).map((text) => normalized(text, 'CapAdd'))
  const dropped = (CapDrop ?? []).map((text) => normalized(text, 'CapDrop'))
  if (added.includes('ALL')) return available.filter((name) => !dropped.includes(name))
  const base = dropped.includes('ALL') ? [] : defaultCapabilities.filter((name) => !dropped.includes(name))
  return [...new Set([...base, ...added])]
}

function normalized(text: string, field: 'CapAdd' | 'CapDrop'): string {
  const upper = text.toUpperCase()
  if (upper === 'ALL') return upper
  const name = upper.startsWith('CAP_') ? upper : `CAP_${upper}`
  if (!capabilityNames.includes(name))
    throw new EngineError('invalid', `invalid ${field}: unknown capability: "${name}"`)
  return name
}

export interface SecurityOptions {
  noNewPrivileges: boolean
  /** `unconfined`, or a profile's name; undefined: the host's own. */
  apparmor?: string
  /** Text of a profile, `unconfined`, or undefined: ours. */
  seccomp?: string
  /** May it write into its cgroups, as a privileged one may? */
  writableCgroups: boolean
  /** SELinux: `disable`, `type:…`, … */
  labels: string[]
}

/** @throws EngineError `invalid`, in Docker's words */
export function parseSecurityOptions(options: readonly string[], noNewPrivileges = false): SecurityOptions {
  const result: SecurityOptions = { noNewPrivileges, writableCgroups: false, labels: [] }
  for (const option of options) {
    if (option === 'no-new-privileges') {
      result.noNewPrivileges = true
      continue
    }
    // A colon was how it was written once.
    const [, name, value = ''] = /^([\w-]+)[=:]([\s\S]*)$/.exec(option) ?? []
    if (name === undefined) throw new EngineError('invalid', `invalid --security-opt 1: "${option}"`)
    if (name === 'label') result.labels.push(value)
    else if (name === 'apparmor') result.apparmor = value
    else if (name === 'seccomp') result.seccomp = value
    else if (name === 'no-new-privileges' && /^(true|false|1|0)$/.test(value))
      result.noNewPrivileges = value === 'true' || value === '1'
    else if (name === 'writable-cgroups' && /^(true|false|1|0)$/.test(value))
      result.writableCgroups = value === 'true' || value === '1'
    else throw new EngineError('invalid', `invalid --security-opt 2: "${option}"`)
  }
  return result
}

/**
 * Docker writes down that SELinux keeps out of it where a container is as good as the host; SELinux or not,
 * `inspect` shows it.
 */
export function withLabels(hostConfig: HostConfig): HostConfig {
  const { SecurityOpt, Privileged, IpcMode, PidMode } = hostConfig
  const says = SecurityOpt?.some((option) => /^label[=:]/.test(option))
  if (says || !(Privileged || IpcMode === 'host' || PidMode === 'host')) return hostConfig
  return { ...hostConfig, SecurityOpt: [...(SecurityOpt ?? []), 'label=disable'] }
}

/** @param otherwise the daemon's own profile. @returns undefined: no filter at all. @throws EngineError `invalid` for a profile that cannot be read */
export function seccompOf(
  profile: string | undefined,
  privileged: boolean,
  otherwise: string | undefined,
  circumstances: SeccompCircumstances,
): Seccomp | undefined {
  const chosen = profile || (privileged ? 'unconfined' : otherwise)
  if (chosen === 'unconfined') return undefined
  if (chosen !== undefined && chosen !== 'builtin') return readProfile(chosen, circumstances)
  return defaultSeccomp(circumstances.capabilities, circumstances)
}

const conditionSchema = z.nullish(
  z.object({
    caps: z.nullish(z.array(z.string())),
    arches: z.nullish(z.array(z.string())),
    minKernel: z.nullish(z.string()),
  }),
)
const profileSchema = z.object({
  defaultAction: z.string(),
  defaultErrnoRet: z.nullish(z.int()),
  architectures: z.nullish(z.array(z.string())),
  archMap: z.nullish(
    z.array(z.object({ architecture: z.string(), subArchitectures: z.nullish(z.array(z.string())) })),
  ),
  syscalls: z.nullish(
    z.array(
      z.object({
        name: z.nullish(z.string()),
        names: z.nullish(z.array(z.string())),
        action: z.string(),
        errnoRet: z.nullish(z.int()),
        args: z.nullish(
          z.array(
            z.object({
              index: z.int(),
              value: z.number(),
              valueTwo: z.nullish(z.number()),
              op: z.string(),
            }),
          ),
        ),
        includes: conditionSchema,
        excludes: conditionSchema,
      }),
    ),
  ),
})

const goArch: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }
const ownArchitecture: Readonly<Record<string, string>> = {
  x64: 'SCMP_ARCH_X86_64',
  arm64: 'SCMP_ARCH_AARCH64',
}

/** Docker's format: rules that hold on some machines, and for containers with some capabilities. */
function readProfile(text: string, { capabilities, arch, kernel }: SeccompCircumstances): Seccomp {
  let parsed: ReturnType<typeof profileSchema.safeParse>
  try {
    parsed = profileSchema.safeParse(JSON.parse(text))
  } catch (cause) {
    throw new EngineError('invalid', 'Decoding seccomp profile failed', { cause })
  }
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new EngineError(
      'invalid',
      `Decoding seccomp profile failed: ${issue?.path.join('.')}: ${issue?.message}`,
    )
  }
  const { defaultAction, defaultErrnoRet, architectures, archMap, syscalls } = parsed.data
  const here = archMap?.find(({ architecture }) => architecture === ownArchitecture[arch])
  const all = here ? [here.architecture, ...(here.subArchitectures ?? [])] : (architectures ?? [])
  const applies = ({ includes, excludes }: NonNullable<typeof syscalls>[number]): boolean => {
    const holds = (wanted: string[] | null | undefined, has: (one: string) => boolean): boolean =>
      (wanted ?? []).every(has)
    const machine = goArch[arch] ?? arch
    const some = (list: string[] | null | undefined): boolean =>
      !list || list.length === 0 || list.includes(machine)
    if (!some(includes?.arches) || !holds(includes?.caps, (one) => capabilities.includes(one))) return false
    if (includes?.minKernel && !isAtLeast(kernel, includes.minKernel)) return false
    if (excludes?.arches?.includes(machine) || excludes?.caps?.some((one) => capabilities.includes(one)))
      return false
    return !(excludes?.minKernel && isAtLeast(kernel, excludes.minKernel))
  }
  return {
    defaultAction,
    ...(defaultErrnoRet == null ? {} : { defaultErrnoRet }),
    architectures: all,
    syscalls: (syscalls ?? []).filter(applies).map(({ name, names, action, errnoRet, args }) => ({
      names: names && names.length > 0 ? names : name ? [name] : [],
      action,
      ...(errnoRet == null ? {} : { errnoRet }),
      ...(args && args.length > 0
        ? {
            args: args.map(({ valueTwo, ...rest }) => ({
              ...rest,
              ...(valueTwo == null ? {} : { valueTwo }),
            })),
          }
        : {}),
    })),
  }
}

/** `6.1.0-18-amd64` is at least `4.8`. */
function isAtLeast(release: string, wanted: string): boolean {
  const [major = 0, minor = 0] = release.split(/[.-]/).map(Number)
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split('.').map(Number)
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)
}
