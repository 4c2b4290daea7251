// Device rules on cgroup v1: two files, devices.allow and devices.deny, which take
// a rule each time they are written. Documentation/admin-guide/cgroup-v1/devices.rst
//
// Called by v1.ts. Next: engine/libcontainer/cgroups/device-program.ts
import { join } from 'node:path'
import { EngineError } from '../../errors.ts'
import { writeKernelFile } from '../../syscalls/file.ts'
import { devicesOf, type Rule, refuseHoles } from './device-rules.ts'
import { resourcesPath } from './setting.ts'

/** Replaces the rules of this cgroup. For a moment in between only the first of them holds. */
export function writeDeviceRules(directory: string, rules: readonly Rule[]): void {
  refuseHoles(rules)
  for (const rule of rules) {
    const file = rule.allow ? 'devices.allow' : 'devices.deny'
    const value = rule.type === 'a' ? 'a' : `${devicesOf(rule)} ${rule.access}`
    try {
      writeKernelFile(join(directory, file), value)
    } catch (cause) {
      // EPERM: no cgroup can allow what its parent forbids. EINVAL: `a`, and there are cgroups below.
      const asked = rule.asked ?? `${resourcesPath}.devices`
      throw new EngineError(
        'forbidden',
        `${asked}: write ${JSON.stringify(value)} to ${join(directory, file)}`,
        {
          cause,
        },
      )
    }
  }
}
