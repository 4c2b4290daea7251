// Docker's seccomp profile, for one container on this machine.
//
// The list is data, default-seccomp.json: what is allowed, and when. A call that
// needs a capability is on it only when the container has that capability, so
// that the filter never takes back what `--cap-add` gave. What remains after
// `when` is resolved is plain OCI, `linux.seccomp`.
//
// The facts are those of https://docs.docker.com/engine/security/seccomp/ and of
// moby's own profile as of Docker 29.
//
// Next: engine/libcontainer/seccomp.ts
import { release } from 'node:os'
import type { Seccomp } from './config/linux.ts'
import profile from './default-seccomp.json' with { type: 'json' }

/** On which kernel, which machine and for which container. */
export interface SeccompCircumstances {
  /** The container's bounding set: nothing can bring it more. */
  capabilities: readonly string[]
  /** As Node names it: x64, arm64. */
  arch: string
  /** uname(2)'s release: `6.1.0-18-amd64`. */
  kernel: string
}

interface When {
  /** The container has it. */
  capability?: string
  /** The container does not have it. */
  without?: string
  arch?: readonly string[]
  /** This version at least, `4.8`. */
  kernel?: string
}

type Rule = NonNullable<Seccomp['syscalls']>[number]

/** An entry of the file. Not parsed by a schema: it is part of the program, and a start costs 5 ms less. */
interface ProfileRule extends Pick<Rule, 'names' | 'action'> {
  errnoRet?: number | undefined
  args?: NonNullable<Rule['args']> | undefined
  when?: When | undefined
}

const rules: readonly ProfileRule[] = profile.syscalls

// The machine's own first. The others are there since its kernel runs them too:
// a 32-bit program must meet the filter, and not get past it.
const architectures: Readonly<Record<string, string[]>> = {
  x64: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
  arm64: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
}

/** The profile for a container with these capabilities. */
export function defaultSeccomp(
  capabilities: readonly string[],
  { arch, kernel }: Omit<SeccompCircumstances, 'capabilities'> = { arch: process.arch, kernel: release() },
): Seccomp {
  const circumstances = { capabilities, arch, kernel }
  return {
    defaultAction: profile.defaultAction,
    defaultErrnoRet: profile.defaultErrnoRet,
    architectures: architectures[arch] ?? [],
    syscalls: rules
      .filter(({ when }) => when === undefined || applies(when, circumstances))
      .map(({ names, action, errnoRet, args }) => ({
        ...{ names, action },
        ...(errnoRet === undefined ? {} : { errnoRet }),
        ...(args === undefined ? {} : { args }),
      })),
  }
}

function applies(when: When, { capabilities, arch, kernel }: SeccompCircumstances): boolean {
  if (when.capability !== undefined && !capabilities.includes(when.capability)) return false
  if (when.without !== undefined && capabilities.includes(when.without)) return false
  if (when.arch !== undefined && !when.arch.includes(arch)) return false
  return when.kernel === undefined || isAtLeast(kernel, when.kernel)
}

/** `6.1.0-18-amd64` is at least `4.8`. */
function isAtLeast(release: string, wanted: string): boolean {
  const parse = (text: string): [number, number] => {
    const [, major, minor] = /^(\d+)\.(\d+)/.exec(text) ?? []
    return [Number(major ?? 0), Number(minor ?? 0)]
  }
  const [[major, minor], [wantedMajor, wantedMinor]] = [parse(release), parse(wanted)]
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)
}
