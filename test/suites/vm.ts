// What the suites that use the VM share.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { openSandbox } from '../../sandbox-vm/open.ts'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import type { Sandbox } from '../../sandbox-vm/sandbox.ts'

const engineDirectory = join(packageRoot(), 'dist/engine')

/** The VM, with tocker in it. */
export async function openVm(): Promise<Sandbox> {
  if (!existsSync(engineDirectory)) throw new Error("dist/engine is missing: run 'npm run build'")
  return openSandbox('qemu', { engine: engineDirectory })
}
