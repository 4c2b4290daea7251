// `linux.sysctl`: settings of the kernel that a namespace has for itself.
//
// Most of /proc/sys is the whole machine's. What belongs to the network, IPC or
// UTS namespace may be set for the container, if it has such a namespace of its
// own; all else would be a change of the host. OCI runtime specification,
// config-linux.md "Sysctl"; the list is runc's.
//
// Next: engine/libcontainer/rootfs.ts
import { statSync } from 'node:fs'
import { EngineError } from '../errors.ts'
import type { Namespace } from './config/linux.ts'
import { writeProc } from './proc-self.ts'

const ipc = new Set([
  'kernel/msgmax',
  'kernel/msgmnb',
  'kernel/msgmni',
  'kernel/sem',
  'kernel/shmall',
  'kernel/shmmax',
  'kernel/shmmni',
  'kernel/shm_rmid_forced',
])

/**
 * Why the container may not have this sysctl: for the rules of config.json, on the
 * host's side, where paths of namespaces mean something.
 * @param namespaces of the config; undefined when they could not be read, and are not judged by
 */
export function sysctlProblem(
  name: string,
  namespaces: readonly Namespace[] | undefined,
): string | undefined {
  const path = sysctlPath(name)
  if (!isName(path)) return 'it is not the name of a sysctl'
  if (path === 'kernel/hostname') return 'it is what $.hostname is for'
  const type = namespaceOf(path)
  if (type === undefined) return "it belongs to no namespace: it would be the host's"
  if (namespaces === undefined) return undefined
  const found = namespaces.find((one) => one.type === type)
  if (!found) return `without a namespace of the container's own (${type}) it would be the host's`
  if (found.path && isSame(found.path, `/proc/self/ns/${type === 'network' ? 'net' : type}`))
    return `it would be the host's: ${found.path} is the host's ${type} namespace`
  return undefined
}

const isName = (path: string): boolean => !path.split('/').some((part) => ['', '.', '..'].includes(part))

function namespaceOf(path: string): 'network' | 'ipc' | 'uts' | undefined {
  if (!isName(path)) return undefined
  if (path.startsWith('net/')) return 'network'
  if (ipc.has(path) || path.startsWith('fs/mqueue/')) return 'ipc'
  return path === 'kernel/domainname' ? 'uts' : undefined
}

/** A namespace is an inode, whichever path leads to it, a bind mount's too. */
function isSame(path: string, other: string): boolean {
  try {
    const [one, two] = [statSync(path), statSync(other)]
    return one.ino === two.ino && one.dev === two.dev
  } catch {
    // Whether it can be joined is for others to say.
    return false
  }
}

/** sysctl(8): whichever of "." and "/" comes first separates; the other one is part of a name, as in `net.ipv4.conf.eth0/1.rp_filter`. */
function sysctlPath(name: string): string {
  const separator = /[./]/.exec(name)?.[0]
  if (separator !== '.') return name
  return name.replace(/[./]/g, (one) => (one === '.' ? '/' : '.'))
}

/** Writes them, in the container's namespaces, before /proc/sys becomes read-only. */
export function writeSysctls(sysctl: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(sysctl)) {
    const path = sysctlPath(name)
    // Checked on the host's side already; but from here a mistake would reach the whole machine.
    if (namespaceOf(path) === undefined)
      throw new EngineError('forbidden', `$.linux.sysctl: ${name} belongs to no namespace`)
    try {
      writeProc(`sys/${path}`, value)
    } catch (cause) {
      throw new EngineError('invalid', `$.linux.sysctl: set ${name} to ${JSON.stringify(value)}`, { cause })
    }
  }
}
