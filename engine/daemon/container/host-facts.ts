// What oci-spec.ts has to know of this machine, asked of the machine.
import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { arch, release } from 'node:os'
import { delimiter, join } from 'node:path'
import { countsSwap, hierarchies, versionOf } from '../../libcontainer/cgroups/hierarchy.ts'
import type { Device } from '../../libcontainer/config/linux.ts'
import { capabilityNames } from '../../libcontainer/config/names.ts'
import type { HostFacts } from './oci-spec.ts'

/** Those that are the same for every container; what is left is about one container, or from daemon.json. */
export type MachineFacts = Pick<
  HostFacts,
  | 'cgroupVersion'
  | 'countsSwap'
  | 'capabilities'
  | 'arch'
  | 'kernel'
  | 'devicesAt'
  | 'hostDevices'
  | 'deviceNumbers'
  | 'hasSysctl'
  | 'initPath'
>

export function machineFacts(): MachineFacts {
  const initPath = findProgram(['docker-init', 'tini', 'tini-static'])
  return {
    cgroupVersion: versionOf(hierarchies()) ?? 2,
    countsSwap: countsSwap(),
    capabilities: ownCapabilities(),
    arch: arch(),
    kernel: release(),
    devicesAt,
    hostDevices: () => devicesAt('/dev').filter(({ path }) => !isOwn(path)),
    deviceNumbers: (path) => {
      const node = nodeAt(path)
      return node && { major: node.major ?? 0, minor: node.minor ?? 0 }
    },
    hasSysctl: (name) => existsSync(join('/proc/sys', name.replaceAll('.', '/'))),
    ...(initPath === undefined ? {} : { initPath }),
  }
}

/** Our bounding set, capabilities(7): nobody can give what they may not have. */
export function ownCapabilities(): string[] {
  const [, mask = '0'] = /^CapBnd:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  const bits = BigInt(`0x${mask}`)
  return capabilityNames.filter((_, number) => (bits >> BigInt(number)) & 1n)
}

/** Every container has its own. */
function isOwn(path: string): boolean {
  return /^\/dev\/(pts|shm|fd|mqueue|console$|null$|zero$|full$|tty$|u?random$|ptmx$|\.lxc|\.udev)/.test(path)
}

/** The node, or those in a directory and below. */
function devicesAt(path: string): Device[] {
  const info = lstatSync(path, { throwIfNoEntry: false })
  if (info === undefined) return []
  if (!info.isDirectory()) return [nodeAt(path)].filter((node) => node !== undefined)
  return namesIn(path).flatMap((name) => {
    const below = join(path, name)
    const entry = lstatSync(below, { throwIfNoEntry: false })
    // Links lead to nodes that are listed by their own name, or out of here.
    return entry === undefined || entry.isSymbolicLink() || isOwn(below) ? [] : devicesAt(below)
  })
}

/** Devices come and go, and their directories with them. */
function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

/** Undefined for what is no device. A link is followed: `--device /dev/disk/by-id/…` means the disk. */
function nodeAt(path: string): Device | undefined {
  const info = statSync(path, { throwIfNoEntry: false })
  if (!info || !(info.isBlockDevice() || info.isCharacterDevice())) return undefined
  const { major, minor } = numbersOf(info.rdev)
  return {
    ...{ path, major, minor },
    type: info.isBlockDevice() ? 'b' : 'c',
    fileMode: info.mode & 0o7777,
    uid: info.uid,
    gid: info.gid,
  }
}

/** makedev(3), backwards: 12 bits of major and 20 of minor, as the kernel gives them to stat(2). */
function numbersOf(rdev: number): { major: number; minor: number } {
  return { major: (rdev >> 8) & 0xfff, minor: (rdev & 0xff) | ((rdev >> 12) & 0xfff00) }
}

function findProgram(names: readonly string[]): string | undefined {
  const directories = [
    ...(process.env.PATH ?? '').split(delimiter),
    '/usr/libexec/docker',
    '/usr/bin',
    '/sbin',
  ]
  return names.flatMap((name) => directories.map((one) => join(one, name))).find((path) => existsSync(path))
}
