// Cgroups of this machine's own kernel, whichever version it has. Needs root.
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { leftovers } from '../leftovers.mjs'
import { cgroupSuite } from '../suites/cgroup.ts'
import { bundleFixture } from '../suites/cgroup-driver.ts'

const fixture = join(packageRoot(), 'dist', `cgroup-fixture-${process.pid}.mjs`)
let before: string[]

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'cgroups (needs root on Linux)',
  () => {
    beforeAll(async () => {
      before = leftovers()
      await mkdir(join(packageRoot(), 'dist'), { recursive: true })
      await writeFile(fixture, await bundleFixture())
    })
    afterAll(async () => {
      await rm(fixture, { force: true })
    })

    cgroupSuite(async (steps) => {
      const { stdout } = await execa(process.execPath, [fixture], { input: JSON.stringify(steps) })
      return JSON.parse(stdout)
    })

    test('nothing of it is left behind', async () => {
      await expect
        .poll(() => leftovers().filter((one) => one.includes('suite-') && !before.includes(one)), {
          timeout: 5000,
        })
        .toEqual([])
    })
  },
)
