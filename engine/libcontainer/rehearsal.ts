// What an init that waits does with its time: it makes a container of nothing, in
// namespaces that it then leaves. The first call of a function costs ten times
// what the second does: V8 starts it cold, koffi has to parse a prototype, the
// kernel has to find its structures. After the rehearsal a request finds all warm.
//
// The verbs are those of init.ts, and the stage is a tmpfs in a mount namespace
// of the rehearsal's own. With the way back into the host's namespaces, by
// descriptors that were opened before, the last user of those is gone, and the
// kernel takes down whatever was mounted: there is nothing to clean up, and so
// nothing to forget. Not rehearsed is what has no way back: capabilities, users,
// seccomp, sessions, execve(2).
//
// Called by runInit(), when it was spawned ahead (warm.ts).
//
// Next: engine/libcontainer/init.ts
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { capget, lastCapability } from '../syscalls/credentials.ts'
import { MS_REC, MS_SLAVE } from '../syscalls/flags.ts'
import { getrlimit, prepareRlimit } from '../syscalls/limits.ts'
import { mount } from '../syscalls/mount.ts'
import { sethostname, setns } from '../syscalls/namespace.ts'
import { callInARow } from '../syscalls/prepared.ts'
import { receiveFds, sendFds, socketpair } from '../syscalls/socket.ts'
import { prepareSpawn } from '../syscalls/spawn.ts'
import { dup2 } from '../syscalls/terminal.ts'
import { planCapabilities, prepareCapabilities } from './capabilities.ts'
import type { Namespace } from './config/linux.ts'
import type { Process } from './config/process.ts'
import { processEnvironment } from './credentials.ts'
import { defaultMaskedPaths, defaultMounts, defaultReadonlyPaths } from './defaults.ts'
import { makeDevices } from './devices.ts'
import { prepareExecute, resolveExecutable } from './execute.ts'
import { hidePaths } from './hidden-paths.ts'
import { mountFilesystems } from './mounts.ts'
import { joinNamespaces, namespaceKinds, raiseLoopback, unshareNamespaces } from './namespaces.ts'
import { enterRootfs, finishRootfs, prepareRootfs } from './rootfs.ts'

/** Those that init makes for nearly every container, and can come back from. */
const stages: readonly Namespace['type'][] = ['mount', 'uts', 'ipc', 'network']

/** Returns in the namespaces that it was called in. @throws SyscallError when there was no way back: this process is lost */
export function rehearse(): void {
  const home = stages.map((type) => {
    const { file, flag } = namespaceKinds[type]
    return { flag, fd: openSync(`/proc/self/ns/${file}`, 'r') }
  })
  try {
    unshareNamespaces(stages.map((type) => ({ type })))
    passDescriptor()
    makeContainer()
    // In a PID namespace of its own a child would take a number of the container's.
    if (process.pid !== 1) haveChild()
  } catch {
    // Whatever this host refuses, the container that needs it will say.
  } finally {
    // The mount namespace brings its own "/" and working directory along.
    for (const { fd, flag } of home) {
      setns(fd, flag)
      closeSync(fd)
    }
  }
}

/** What a midwife does beside (midwife.ts): there is no such file, so there is no child for long. */
function haveChild(): void {
  joinNamespaces([{ type: 'uts', path: '/proc/self/ns/uts' }])
  prepareSpawn('', [], []).go()
}

/** As takeDescriptors() in descriptors.ts will. */
function passDescriptor(): void {
  const [here, there] = socketpair()
  sendFds(here, [here, there], '.')
  for (const fd of [here, there, ...receiveFds(there)]) closeSync(fd)
  // 0 is /dev/null, and stays it.
  dup2(0, 0)
}

function makeContainer(): void {
  sethostname('rehearsal')
  raiseLoopback(() => {})
  // Before anything is mounted, or the host would see it.
  mount({ target: '/', flags: MS_SLAVE | MS_REC })
  mount({ source: 'tmpfs', target: '/dev', type: 'tmpfs' })
  const rootfs = '/dev/rootfs'
  mkdirSync(`${rootfs}/bin`, { recursive: true })
  writeFileSync(`${rootfs}/bin/true`, '', { mode: 0o755 })
  // A mount of cgroups wants the container's: the one kind left out.
  const mounts = defaultMounts.filter(({ type }) => type !== 'cgroup')

  prepareRootfs(rootfs)
  mountFilesystems(mounts, rootfs, {
    cgroup: { version: 2, path: '/' },
    userNamespace: false,
    cgroupNamespace: false,
  })
  makeDevices(rootfs, [], { bind: false })
  enterRootfs(rootfs)
  hidePaths(defaultMaskedPaths, defaultReadonlyPaths)
  finishRootfs({ readonly: true, mounts })

  const process: Process = { args: ['true'], cwd: '/', user: { uid: 0, gid: 0 } }
  const env = processEnvironment(['PATH=/bin'], process.user.uid)
  prepareExecute(resolveExecutable('true', env), process.args, env, [])
  prepareCapabilities(planCapabilities({}, lastCapability(), capget(), () => {}))
  // As it is: a call that changes nothing.
  const { soft, hard } = getrlimit('RLIMIT_CORE')
  callInARow([prepareRlimit('RLIMIT_CORE', soft, hard)])
}
