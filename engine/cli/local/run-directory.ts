// `tocker run --rootfs DIRECTORY`: a container straight by libcontainer, in this process.
// There is no image and no daemon in between, which is why the first lessons begin with it:
// from these words to the last system call it is one program, and one stack.
//
// Next: engine/cli/local/run-config.ts
import { randomBytes } from 'node:crypto'
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { mountOverlay } from '../../drivers/graph/overlay.ts'
import { EngineError } from '../../errors.ts'
import { countsSwap } from '../../libcontainer/cgroups/hierarchy.ts'
import { type Flags, UsageError } from '../flags.ts'
import type { Streams } from '../output/streams.ts'
import { hasTerminal, requireRoot, runBundle } from './run-bundle.ts'
import { runConfig } from './run-config.ts'
import { readRunFlags, refuseOthers } from './run-flags.ts'

/** @returns the container's exit status */
export async function runDirectory(
  streams: Streams,
  flags: Flags,
  command: readonly string[],
): Promise<number> {
  if (command.length === 0)
    throw new UsageError(
      "'tocker run --rootfs' requires a command: tocker run --rootfs DIRECTORY -- COMMAND [ARG...]",
    )
  refuseOthers(flags)
  const request = readRunFlags(flags)
  requireRoot()
  const id = randomBytes(6).toString('hex')
  const lower = checkRootfs(flags.text('rootfs') ?? '')
  const layer = flags.text('layer')
  const terminal = hasTerminal(flags)
  return runBundle(streams, flags, () => {
    const rootfs = layer === undefined ? lower : mountOverlay([lower], resolve(layer))
    const config = runConfig({ ...request, id, rootfs, command, terminal, countsSwap: countsSwap() })
    return { id, rootfs, config }
  })
}

/** @returns its absolute path */
function checkRootfs(path: string): string {
  const absolute = resolve(path)
  const info = statSync(absolute, { throwIfNoEntry: false })
  if (!info)
    throw new EngineError(
      'not-found',
      `no root filesystem at ${absolute}: make one with 'tocker rootfs ${path}'`,
    )
  if (!info.isDirectory())
    throw new EngineError('invalid', `the root filesystem ${absolute} is not a directory`)
  if (absolute === '/')
    throw new EngineError('invalid', 'the root filesystem is this machine\'s own "/": give a directory')
  return absolute
}
