// The script that LXC runs at three moments of a container's life. Pure.
//
//   hook        where it runs                    what it does
//   mount       mounts done, host still in       device nodes into the new /dev; sysctls, while
//               sight, all namespaces entered    /proc is the host's: the container's is read-only
//   start-host  on the host; init is there, and  tells us who that is, and waits for start()
//               is about to become the program
//   stop        on the host; everybody ended     a word in the log: it is whole (lxc-log.ts); and
//                                                keeps the counter of OOM kills, before LXC
//                                                removes the cgroup
//
// start-host is what makes two halves of LXC's one `start`: it holds lxc-start up for as
// long as it runs, and fails it by its exit status. `ready` and `go` are FIFOs beside the
// configuration; `go` is opened for both ends, so that nothing waits in open(2).
//
// sh(1) and not a program of ours: two lines at a moment when a container waits for them.
import { join, posix } from 'node:path'
import type { Config } from '../../libcontainer/config/config.ts'
import type { Device } from '../../libcontainer/config/linux.ts'
import { startFifo } from '../../libcontainer/status.ts'
import { shellQuoted } from './lxc-config.ts'
import { stopWord } from './lxc-log.ts'

export const readyFifo = 'ready'
/** A copy of memory.oom_control or memory.events, in which there is a line `oom_kill 3`. */
export const oomFile = 'oom'

export interface HookPlaces {
  /** The container's own. */
  directory: string
  log: string
  /** The file of the cgroup that counts OOM kills. */
  counters: string | undefined
}

export function hookScript(config: Config, { directory, log, counters }: HookPlaces): string {
  const { linux: { devices, sysctl = {} } = {} } = config
  const file = (name: string): string => shellQuoted(join(directory, name))
  const prepare = [
    ...(devices ?? []).filter(({ path }) => !lxcs.has(posix.normalize(path))).flatMap(nodeCommands),
    ...Object.entries(sysctl).map(
      ([name, value]) => `printf %s ${shellQuoted(value)} >${shellQuoted(`/proc/sys/${sysctlPath(name)}`)}`,
    ),
  ]
  return `set -e
case $3 in
mount)
${[...prepare, ':'].map((command) => `  ${command}`).join('\n')}
  ;;
start-host)
  # Removed by start(): whoever comes a second time, as LXC does after reboot(2), is refused.
  [ -p ${file(startFifo)} ]
  exec 3<>${file(startFifo)}
  echo "$LXC_PID" >${file(readyFifo)}
  read -r word <&3
  [ "$word" = start ]
  ;;
stop)
  echo ${stopWord} >>${shellQuoted(log)}
  ${counters === undefined ? ':' : `cat ${shellQuoted(counters)} >${file(oomFile)}`}
  ;;
esac
`
}

/** Those of every /dev. */
const lxcs = new Set(
  ['null', 'zero', 'full', 'random', 'urandom', 'tty', 'ptmx'].map((name) => `/dev/${name}`),
)

function nodeCommands({
  type,
  path,
  major = 0,
  minor = 0,
  fileMode = 0o666,
  uid = 0,
  gid = 0,
}: Device): string[] {
  const node = `"$LXC_ROOTFS_MOUNT"${shellQuoted(posix.normalize(path))}`
  const mode = (fileMode & 0o7777).toString(8)
  const numbers = type === 'p' ? '' : ` ${major} ${minor}`
  return [
    `mkdir -p ${`"$LXC_ROOTFS_MOUNT"${shellQuoted(posix.dirname(posix.normalize(path)))}`}`,
    `mknod -m ${mode} ${node} ${type}${numbers}`,
    `chown ${uid}:${gid} ${node}`,
  ]
}

/** As sysctl(8): dots and slashes change places where the first separator is a dot. */
function sysctlPath(name: string): string {
  const first = /[./]/.exec(name)?.[0]
  return first === '/' ? name : name.replaceAll(/[./]/g, (one) => (one === '.' ? '/' : '.'))
}
