// AppArmor and SELinux: the label under which the next execve(2) puts us.
//
// Both are asked by a file of /proc, and both act at execve(2), not before: until
// then we keep the freedom that the set-up needs. Only one of them is in force
// on a host; most have AppArmor (Debian, SUSE) or SELinux (Fedora, RHEL).
//
// config.md, "Linux Process": apparmorProfile, selinuxLabel.
//
// Next: engine/libcontainer/rlimits.ts
import { EngineError } from '../errors.ts'
import type { Process } from './config/process.ts'
import { errnoOf, writeProcSelf } from './proc-self.ts'

/** @throws EngineError that says what is missing: the module, the profile, the permission */
export function labelNextExec({ apparmorProfile, selinuxLabel }: Process): void {
  if (apparmorProfile) setAppArmorProfile(apparmorProfile)
  if (selinuxLabel) setSelinuxLabel(selinuxLabel)
}

function setAppArmorProfile(profile: string): void {
  const intent = `apply the AppArmor profile ${profile} ($.process.apparmorProfile)`
  try {
    writeProcSelf('attr/apparmor/exec', `exec ${profile}`)
    return
  } catch (cause) {
    // Without a procfs nothing can be asked for; and nothing is what this asks for.
    if (cause instanceof EngineError && profile === 'unconfined') return
    // This directory is AppArmor's own, so what it says is about the profile.
    if (errnoOf(cause) !== 'ENOENT') throw refused(intent, cause)
    if (hasOwnDirectory())
      throw new EngineError(
        'not-found',
        `${intent}: the kernel has no such profile: load it with 'apparmor_parser -r FILE'`,
        { cause },
      )
  }
  // Before Linux 5.8 there is only this spelling, which all security modules share.
  try {
    writeProcSelf('attr/exec', `exec ${profile}`)
  } catch (cause) {
    // Everything is unconfined where there is no AppArmor: nothing is left to do.
    if (profile === 'unconfined') return
    const missing = "AppArmor is not in force here: boot with 'security=apparmor', or leave the property out"
    if (errnoOf(cause) === 'EINVAL' || errnoOf(cause) === 'ENOENT')
      throw new EngineError('unavailable', `${intent}: ${missing}`, { cause })
    throw refused(intent, cause)
  }
}

function hasOwnDirectory(): boolean {
  try {
    // To ask for nothing is allowed always, and changes nothing.
    writeProcSelf('attr/apparmor/exec', '')
    return true
  } catch (error) {
    return errnoOf(error) !== 'ENOENT'
  }
}

function setSelinuxLabel(label: string): void {
  const intent = `apply the SELinux label ${label} ($.process.selinuxLabel)`
  try {
    writeProcSelf('attr/exec', label)
  } catch (cause) {
    const why: Record<string, string> = {
      EINVAL: 'SELinux is not in force here, or its policy has no such label: see sestatus(8)',
      ENOENT: 'SELinux is not in this kernel, or the container has no /proc',
    }
    const known = why[errnoOf(cause) ?? '']
    if (known) throw new EngineError('unavailable', `${intent}: ${known}`, { cause })
    throw refused(intent, cause)
  }
}

function refused(intent: string, cause: unknown): EngineError {
  return new EngineError('forbidden', intent, { cause })
}
