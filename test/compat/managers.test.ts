// Real managers on our runtime: every case of cases.ts with dockerd, with podman, and with
// podman of a user without rights. The same cases on runc are in the table of engine/libcontainer/CONFORMANCE.md. Needs root.
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { leftovers } from '../leftovers.mjs'
import { type Kind, type Manager, openManager } from '../suites/manager.ts'
import { cases } from './cases.ts'
import { reasonOf, withoutRoot } from './known-differences.ts'

const runtime = process.env.TOCKER_RUNTIME ?? join(packageRoot(), 'engine/libcontainer/tocker-runtime')

const rootless = 'podman without root' as const
const kinds: Kind[] = ['docker', 'podman', ...(existsSync('/usr/bin/newuidmap') ? [rootless] : [])]

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0).each(kinds)(
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
      if (name === rootless && withoutRoot.includes(title)) continue
      if (reason === undefined) test.concurrent(title, body)
      else test.fails(`${title} [known difference: ${reason}]`, body)
    }

    test('nothing is left behind: no process, mount, cgroup or interface', async () => {
      await manager?.close()
      manager = undefined
      await expect.poll(() => leftovers().filter((one) => !before.includes(one))).toEqual([])
    })
  },
)
