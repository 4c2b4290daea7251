// Stopping a whole cgroup, and letting it go on.
//
// Not SIGSTOP: a process can see that it was stopped, its parent is told, and a
// second one may continue it. The freezer is invisible from inside.
//
// Called by v1.ts and v2.ts. Next: engine/libcontainer/cgroups/stats.ts
import { join } from 'node:path'
import { EngineError } from '../../errors.ts'
import { writeKernelFile } from '../../syscalls/file.ts'
import type { FreezerState } from './cgroup.ts'
import { sleep, waitUntil } from './members.ts'
import { readIfThere } from './setting.ts'

/**
 * Documentation/admin-guide/cgroup-v1/freezer-subsystem.rst. Processes that fork
 * meanwhile can hold v1 in FREEZING for ever; writing again, and now and then
 * letting everybody go for a moment, gets most of them. v2 has no such trouble.
 */
export function freezeV1(path: string): void {
  const file = join(path, 'freezer.state')
  for (let attempt = 1; attempt <= 400; attempt++) {
    write(file, 'FROZEN')
    if (readIfThere(path, 'freezer.state') === 'FROZEN') return
    if (attempt % 50 === 0) write(file, 'THAWED')
    sleep(attempt % 10 === 0 ? 10 : 1)
  }
  // Half frozen is worse than not: nobody could say who runs.
  write(file, 'THAWED')
  throw new EngineError('internal', `freeze ${path}: it stays in FREEZING`)
}

/** Frozen until disposed of. One whose process does not stop, in state D, is not: what was to be done is done all the same. */
export function frozenFor(cgroup: { freeze(): void; thaw(): void }): Disposable | undefined {
  try {
    cgroup.freeze()
    return { [Symbol.dispose]: () => cgroup.thaw() }
  } catch {
    return undefined
  }
}

export function thawV1(path: string): void {
  write(join(path, 'freezer.state'), 'THAWED')
}

export function stateV1(path: string): FreezerState {
  // FROZEN says it of a cgroup too whose parent was frozen; this file, of itself only.
  if (readIfThere(path, 'freezer.self_freezing') !== '1') return 'thawed'
  return readIfThere(path, 'freezer.state') === 'FROZEN' ? 'frozen' : 'freezing'
}

// #region freeze
/** cgroup-v2.rst, "cgroup.freeze". */
export function freezeV2(path: string): void {
  write(join(path, 'cgroup.freeze'), '1')
  if (waitUntil(() => stateV2(path) !== 'freezing', 10_000)) return
  write(join(path, 'cgroup.freeze'), '0')
  throw new EngineError('internal', `freeze ${path}: a process in it does not stop (state D in ps(1))`)
}

export function thawV2(path: string): void {
  write(join(path, 'cgroup.freeze'), '0')
}

export function stateV2(path: string): FreezerState {
  if (readIfThere(path, 'cgroup.freeze') !== '1') return 'thawed'
  return /^frozen 1$/m.test(readIfThere(path, 'cgroup.events') ?? '') ? 'frozen' : 'freezing'
}
// #endregion freeze

function write(file: string, value: string): void {
  try {
    writeKernelFile(file, value)
  } catch (cause) {
    throw new EngineError('unavailable', `freeze or thaw: write ${value} to ${file}`, { cause })
  }
}
