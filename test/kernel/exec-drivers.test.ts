// Every exec driver by the same suite. Needs root.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { describe } from 'vitest'
import { LxcDriver } from '../../engine/drivers/exec/lxc.ts'
import { NativeDriver } from '../../engine/drivers/exec/native.ts'
import { OciDriver } from '../../engine/drivers/exec/oci.ts'
import type { Cgroup } from '../../engine/libcontainer/cgroups/cgroup.ts'
import { openCgroup } from '../../engine/libcontainer/cgroups/open.ts'
import { initCommand } from '../../engine/libcontainer/init-command.ts'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { execDriverSuite } from '../suites/exec-driver.ts'
import { isHybrid } from '../suites/hybrid.ts'

const init = initCommand(join(packageRoot(), 'dist'))

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)('exec drivers (need root)', () => {
  execDriverSuite('native', (root, reaper) => new NativeDriver({ root, init, reaper }))
  execDriverSuite('native, with inits and midwives that wait', (root, reaper) => {
    const reserve = (): { id: string; cgroup: Cgroup } => {
      const id = `lc-reserved-${randomBytes(6).toString('hex')}`
      return { id, cgroup: openCgroup(undefined, id, { systemd: false, rootless: false }) }
    }
    return new NativeDriver({ root, init, reaper, reserve })
  })
  for (const name of ['runc', ...(isHybrid() ? [] : ['crun']), 'tocker-runtime'])
    execDriverSuite(
      name,
      (directory, reaper) => new OciDriver({ name, program: programOf(name), directory, reaper }),
    )
  const program = programOf('lxc-start')
  execDriverSuite('lxc', (root, reaper) => new LxcDriver({ root, init, reaper, program }), 'LXC')
})

function programOf(name: string): string {
  if (name === 'tocker-runtime') return join(packageRoot(), 'engine/libcontainer/tocker-runtime')
  // Installed, or the suite says so by failing.
  return execFileSync('sh', ['-c', `command -v ${name} || echo ${name}`], { encoding: 'utf8' }).trim()
}
