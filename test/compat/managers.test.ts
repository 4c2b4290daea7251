// Real managers on our runtime: every case of cases.ts with dockerd and with podman. The
// same cases on runc are in the table of engine/libcontainer/CONFORMANCE.md. Needs root.
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { leftovers } from '../leftovers.mjs'
import { type Manager, openManager } from '../suites/manager.ts'
import { cases } from './cases.ts'
import { reasonOf } from './known-differences.ts'

const runtime = process.env.TOCKER_RUNTIME ?? join(packageRoot(), 'engine/libcontainer/tocker-runtime')

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0).each(['docker', 'podman'] as const)(
  '%s on our runtime (needs root)',
  (name) => {
    let manager: Manager | undefined
    let before: string[]
    beforeAll(async () => {
      before = leftovers()
      manager = await openManager(name, runtime)
    })
    afterAll(async () => {
      await manager?.close()
    })

    // A few at once: most of a case is waiting. maxConcurrency in vitest.config.ts.
    for (const [title, use] of Object.entries(cases)) {
      const body = async () => {
        if (manager) await use(manager)
      }
      const reason = reasonOf(name, basename(runtime), title)
      if (reason === undefined) test.concurrent(title, body)
      else test.fails(`${title} [known difference: ${reason}]`, body)
    }

    test('nothing is left behind: no process, mount, cgroup or interface', async () => {
      await manager?.close()
      manager = undefined
      await expect
        .poll(() => leftovers().filter((one) => !before.includes(one)), { timeout: 10_000 })
        .toEqual([])
    })
  },
)
