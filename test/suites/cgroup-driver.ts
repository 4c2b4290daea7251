// What the cgroup suites share: how they drive the fixture, here or in the VM.
import { join } from 'node:path'
import { build } from 'esbuild'
import { beforeAll, expect } from 'vitest'
import type { CgroupMounts } from '../../engine/libcontainer/cgroups/cgroup.ts'
import type { Resources } from '../../engine/libcontainer/config/resources.ts'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import type { Result, Step } from './cgroup-fixture.ts'

/** Runs the fixture: steps in, results out. */
export type Drive = (steps: readonly Step[]) => Promise<Result[]>

/** The fixture as one file, which finds koffi where it is put. */
export async function bundleFixture(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(packageRoot(), 'test/suites/cgroup-fixture.ts')],
    ...{ bundle: true, platform: 'node', format: 'esm', target: 'node26', external: ['koffi'], write: false },
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);",
    },
  })
  return outputFiles?.[0]?.text ?? ''
}

interface Outcome {
  status: number | null
  stdout: string
  stderr: string
}

export const M = 1024 * 1024
export const everyDevice = { devices: [{ allow: true, access: 'rwm' }] } satisfies Resources

/** The suite knows what its steps give; that it came as JSON hides it. */
export function given<T>(result: Result | undefined): T {
  return result?.value as T
}

export function outcome(result: Result | undefined): Outcome {
  expect(result?.error).toBeUndefined()
  return given<Outcome>(result)
}

export interface Cgroups {
  drive: Drive
  version(): 1 | 2
  /** A fresh cgroup, and what apply() and the steps gave. */
  inside(resources: Resources, ...steps: Step[]): Promise<Result[]>
  /** What apply() says to each, or `taken`. */
  answers(list: readonly Resources[]): Promise<string[]>
}

export function cgroupsOf(drive: Drive): Cgroups {
  let version: 1 | 2
  let count = 0
  beforeAll(async () => {
    const [, mounts] = await drive([{ do: 'open', id: 'suite' }, { do: 'mounts' }])
    version = given<CgroupMounts>(mounts).version
  })
  return {
    drive,
    version: () => version,
    inside: async (resources, ...steps) => {
      const id = `suite-${process.pid}-${count++}`
      const all: Step[] = [{ do: 'open', id }, { do: 'make' }, { do: 'apply', resources }, ...steps]
      return (await drive(all)).slice(2)
    },
    answers: async (list) => {
      const steps = (resources: Resources, index: number): Step[] => [
        { do: 'open', id: `suite-${process.pid}-answer-${index}` },
        { do: 'make' },
        { do: 'apply', resources: { ...everyDevice, ...resources } },
        { do: 'remove' },
      ]
      const results = await drive(list.flatMap(steps))
      return list.map((_, index) => results[4 * index + 2]?.error?.message ?? 'taken')
    },
  }
}
