// config.json as LXC's configuration: the same container in other words. Pure.
//
// Both lists name the same things of the kernel, so nearly every line has a partner:
//
//   config.json                    lxc.container.conf(5)            kernel
//   root.path                      lxc.rootfs.path                  pivot_root(2)
//   root.readonly                  lxc.rootfs.options = ro          MS_RDONLY
//   hostname                       lxc.uts.name                     sethostname(2)
//   mounts                         lxc.mount.entry, an fstab line   mount(2)
//   a mount of type cgroup         lxc.mount.auto = cgroup          mount(2)
//   linux.namespaces               lxc.namespace.clone              clone(2)
//     with a path                  lxc.namespace.share.net          setns(2)
//   linux.cgroupsPath              lxc.cgroup.dir.container         mkdir(2)
//   linux.seccomp                  lxc.seccomp.profile, a file      seccomp(2)
//   process.user                   lxc.init.uid, .gid, .groups      setresuid(2)
//   process.cwd                    lxc.init.cwd                     chdir(2)
//   process.env                    lxc.environment                  execve(2)
//   process.args                   words of lxc-start               execve(2)
//   process.capabilities.bounding  lxc.cap.keep                     PR_CAPBSET_DROP
//   process.noNewPrivileges        lxc.no_new_privs                 PR_SET_NO_NEW_PRIVS
//   process.rlimits                lxc.prlimit.nofile               prlimit(2)
//   process.oomScoreAdj            lxc.proc.oom_score_adj           /proc/PID/oom_score_adj
//   process.apparmorProfile        lxc.apparmor.profile             /proc/self/attr/exec
//   linux.devices, linux.sysctl    nothing that does: lxc-hook.ts   mknod(2), /proc/sys
//   linux.resources                lxc.cgroup.*: our own, lxc.ts    files of the cgroup
//
// What is on the left alone is refused, in a line that says so (lxc-refused.ts): a
// container with less than was asked for would be worse than none. What is on the right alone, LXC does
// anyhow: `container=lxc` in the environment, a session keyring, a boot_id of its own.
//
// The file has a line for each value, and values come from outside. A line break in one
// would be a line of its own, `lxc.hook.pre-start = …` for one, run by root on the host:
// so it is refused. All else is harmless within quotes, of which LXC strips the outer.
//
// Next: engine/drivers/exec/lxc-mounts.ts
import { posix } from 'node:path'
import { EngineError } from '../../errors.ts'
import type { Config } from '../../libcontainer/config/config.ts'
import type { Process } from '../../libcontainer/config/process.ts'

export interface LxcPlaces {
  /** What becomes "/": absolute, without links. */
  rootfs: string
  /** An empty directory, on which LXC mounts it. */
  mountPoint: string
  /** Of the container in each hierarchy: `/tocker/ID`. */
  cgroup: string
  /** Shell script for the hooks: lxc-hook.ts. */
  hook: string
  /** lxc-seccomp.ts; left out, no filter. */
  seccomp?: string
  /** LXC's log: what lxc-log.ts reads. */
  log: string
}

/**
 * @param config one that lxc-refused.ts let through
 * @param mounts values of lxc.mount.entry, lxc-mounts.ts
 * @returns the text of the file
 * @throws EngineError `invalid` for a value with a line break
 */
export function lxcConfig(config: Config, places: LxcPlaces, mounts: readonly string[]): string {
  const lines: [key: string, value: string | number][] = [
    ...rootLines(config, places),
    ...namespaceLines(config),
    ...cgroupLines(places.cgroup),
    ...mounts.map((entry): [string, string] => ['lxc.mount.entry', entry]),
    ...cgroupMountLines(config),
    ...hookLines(places.hook),
    // A console is a terminal; without one, descriptors 0 to 2 are as lxc-start has them.
    ...(config.process?.terminal ? [] : [['lxc.console.path', 'none'] as [string, string]]),
    ['lxc.tty.max', 0],
    ['lxc.log.file', places.log],
    // How the container ended, LXC tells nobody but its log: lxc-log.ts.
    ['lxc.log.level', 'INFO'],
    ...(places.seccomp === undefined ? [] : [['lxc.seccomp.profile', places.seccomp] as [string, string]]),
    ...(config.process ? processLines(config.process) : []),
  ]
  return lines.map(([key, value]) => `${key} = ${quoted(value, key)}\n`).join('')
}

type Lines = [key: string, value: string | number][]

/** @throws EngineError `invalid` for a line break, which nothing here can escape */
function quoted(value: string | number, key: string): string {
  const text = String(value)
  if (/[\n\0]/.test(text))
    throw new EngineError(
      'invalid',
      `${key}: LXC's configuration has a line for each value, and this one has a line break in it: ` +
        `${JSON.stringify(text.slice(0, 60))}. Leave it out, or run the container with another runtime`,
    )
  return `"${text}"`
}

function rootLines({ root, hostname, mounts = [] }: Config, { rootfs, mountPoint }: LxcPlaces): Lines {
  const dev = mounts.find(({ destination }) => posix.normalize(`/${destination}/`) === '/dev/')
  // A tmpfs, filled with the nodes that every container has. A /dev that is bound from the host has them.
  const makesDev = dev === undefined || dev.type === 'tmpfs'
  const size = dev?.options?.map((word) => /^size=(\d+)([kmg]?)$/i.exec(word)).find((found) => found !== null)
  const unit = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 }[size?.[2]?.toLowerCase() ?? ''] ?? 1
  return [
    // Without `dir:` LXC looks at the path to find out what it is, and an image's file may lie to it.
    ['lxc.rootfs.path', `dir:${rootfs}`],
    ['lxc.rootfs.mount', mountPoint],
    ...(root.readonly ? ([['lxc.rootfs.options', 'ro']] as Lines) : []),
    ['lxc.autodev', makesDev ? 1 : 0],
    ...(makesDev && size?.[1] ? ([['lxc.autodev.tmpfs.size', Number(size[1]) * unit]] as Lines) : []),
    ['lxc.pty.max', 1024],
    ...(hostname ? ([['lxc.uts.name', hostname]] as Lines) : []),
  ]
}

/** LXC's names for what OCI calls otherwise. */
const namespaceNames: Readonly<Record<string, string>> = { mount: 'mnt', network: 'net' }

function namespaceLines({ linux: { namespaces = [] } = {} }: Config): Lines {
  const nameOf = (type: string): string => namespaceNames[type] ?? type
  const fresh = namespaces.filter(({ path }) => !path)
  const network = namespaces.find(({ type }) => type === 'network')
  return [
    ['lxc.namespace.clone', fresh.map(({ type }) => nameOf(type)).join(' ')],
    ...namespaces.flatMap(
      ({ type, path }): Lines => (path ? [[`lxc.namespace.share.${nameOf(type)}`, path]] : []),
    ),
    // A new one has lo, and whatever is moved into it later; the host's stays as it is.
    ...(network === undefined ? ([['lxc.net.0.type', 'none']] as Lines) : []),
    ...(network && !network.path
      ? ([
          ['lxc.net.0.type', 'empty'],
          ['lxc.net.0.flags', 'up'],
        ] as Lines)
      : []),
  ]
}

/** Beside the container's: in it lxc-start itself is, which its limits are not for. */
export const monitorSuffix = '.lxc'

function cgroupLines(cgroup: string): Lines {
  // Relative to the root of each hierarchy.
  const path = cgroup.replace(/^\/+/, '')
  return [
    ['lxc.cgroup.dir.container', path],
    ['lxc.cgroup.dir.monitor', `${path}${monitorSuffix}/monitor`],
    // Where lxc-start goes at the end, to remove the cgroup that it is in.
    ['lxc.cgroup.dir.monitor.pivot', `${path}${monitorSuffix}`],
  ]
}

/** `force`: in a cgroup namespace LXC would leave it to an init system to mount its own. */
function cgroupMountLines({ mounts = [] }: Config): Lines {
  const cgroup = mounts.find(({ type }) => type === 'cgroup' || type === 'cgroup2')
  const word = cgroup?.options?.includes('ro') ? 'ro' : 'rw'
  return cgroup ? [['lxc.mount.auto', `cgroup:${word}:force`]] : []
}

function hookLines(hook: string): Lines {
  const command = `sh ${shellQuoted(hook)}`
  return ['mount', 'start-host', 'stop'].map((name) => [`lxc.hook.${name}`, command])
}

/** One word for sh(1), whatever is in it. */
export function shellQuoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}

/** RLIM_INFINITY, as JSON rounds it. */
const infinity = 2 ** 64

function processLines(process: Process): Lines {
  const { user, cwd, env = [], capabilities, rlimits = [], oomScoreAdj } = process
  const kept = (capabilities?.bounding ?? []).map((name) => name.toLowerCase().replace(/^cap_/, ''))
  const limit = (value: number): string => (value >= infinity ? 'unlimited' : String(value))
  const groups = user.additionalGids ?? []
  return [
    ['lxc.init.uid', user.uid],
    ['lxc.init.gid', user.gid],
    ...(groups.length > 0 ? ([['lxc.init.groups', groups.join(',')]] as Lines) : []),
    ['lxc.init.cwd', cwd],
    ...env.map((variable): [string, string] => ['lxc.environment', variable]),
    ['lxc.cap.keep', kept.length > 0 ? kept.join(' ') : 'none'],
    ['lxc.no_new_privs', process.noNewPrivileges ? 1 : 0],
    ...rlimits.map(({ type, soft, hard }): [string, string] => [
      `lxc.prlimit.${type.replace(/^RLIMIT_/, '').toLowerCase()}`,
      `${limit(soft)}:${limit(hard)}`,
    ]),
    ...(oomScoreAdj === undefined ? [] : ([['lxc.proc.oom_score_adj', oomScoreAdj]] as Lines)),
    // LXC's own choice would be a profile that it makes.
    ['lxc.apparmor.profile', process.apparmorProfile || 'unconfined'],
    ...(process.selinuxLabel ? ([['lxc.selinux.context', process.selinuxLabel]] as Lines) : []),
  ]
}
