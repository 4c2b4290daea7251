// /dev/shm of containers that share it: POSIX shared memory (shm_overview(7)) is files
// there, so that `--ipc container:ID` needs the directory besides the IPC namespace.
//
//   --ipc shareable       a tmpfs of its own, mounted on the host, bound into the container
//   --ipc container:ID    that one, bound into this container, too
//
// Called by launch.ts when a container starts, and when it has ended.

import { mkdirSync, rmdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { defaultShmSize } from '../../api/host-config.ts'
import type { Owners } from '../../archive/owners.ts'
import { EngineError } from '../../errors.ts'
import { MNT_DETACH, MS_NODEV, MS_NOEXEC, MS_NOSUID } from '../../syscalls/flags.ts'
import { mount, umount2 } from '../../syscalls/mount.ts'
import type { Containers } from './containers.ts'
import { joined } from './oci-namespaces.ts'
import type { ContainerRecord } from './record.ts'

/** @returns undefined for a container that has one of its own, seen by nobody else @throws EngineError */
export function makeSharedMemory(
  execRoot: string,
  containers: Containers,
  { id, hostConfig }: Pick<ContainerRecord, 'id' | 'hostConfig'>,
  owners?: Owners,
): string | undefined {
  const { IpcMode, ShmSize } = hostConfig
  const other = joined(IpcMode)
  if (other !== undefined) return placeOf(execRoot, containers.find(other))
  if (IpcMode !== 'shareable') return undefined
  // Of a daemon that was killed between this and the start.
  dropSharedMemory(execRoot, { id, hostConfig })
  const target = join(execRoot, 'shm', id)
  mkdirSync(target, { recursive: true, mode: 0o700 })
  for (const path of [dirname(target), target]) owners?.letPass(path)
  const root = owners ? `,uid=${owners.root.uid},gid=${owners.root.gid}` : ''
  const data = `mode=1777,size=${ShmSize || defaultShmSize}${root}`
  try {
    mount({ source: 'shm', target, type: 'tmpfs', flags: MS_NOSUID | MS_NODEV | MS_NOEXEC, data })
  } catch (error) {
    rmdirSync(target)
    throw error
  }
  return target
}

function placeOf(execRoot: string, { id, hostConfig }: ContainerRecord): string {
  if (hostConfig.IpcMode === 'host') return '/dev/shm'
  if (hostConfig.IpcMode === 'shareable') return join(execRoot, 'shm', id)
  throw new EngineError(
    'conflict',
    `can't join IPC of container ${id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
  )
}

/** Those who joined keep what they have mounted. */
export function dropSharedMemory(
  execRoot: string,
  { id, hostConfig }: Pick<ContainerRecord, 'id' | 'hostConfig'>,
): void {
  if (hostConfig.IpcMode !== 'shareable') return
  const target = join(execRoot, 'shm', id)
  // EINVAL, ENOENT: the machine has been booted since.
  for (const undo of [() => umount2(target, MNT_DETACH), () => rmdirSync(target)])
    try {
      undo()
    } catch {}
}
