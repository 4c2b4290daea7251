// `docker exec` without waiting for a Node to start. One waits already: outside, in the
// host's namespaces, where nobody in the container sees it. When it is asked, it takes on
// and gives up what the new process shall have and not have, has a child, and ends.
//
//   midwife (Node, warm)                         container
//     request: stdio, namespaces, process
//     keyring, label, oom_score_adj              by the host's /proc
//     setns: net, ipc, uts, cgroup, mnt          this thread only
//     terminal, directory, PATH                  as they are in there
//     waits for go: it is in the cgroup
//     setns: pid                                 for children
//     confine(): limits, user, filter …          this thread only
//     posix_spawn -----------------------------> the program, confined from its first breath
//     born: its pid is …, and exits              now a child of the supervisor
//
// Why a child: setns(2) into a PID namespace moves nobody, it decides where children are
// born. And why that is enough: fork(2) hands down all of the above, and glibc's child runs
// nothing but its few lines of C before it executes the program (spawn.ts). Other threads of
// ours stay what they were; they share nothing with it once it has become something else.
//
// Rejected: a warm Node inside, which ps(1) in the container would show, and which whoever
// is root there could trace. Not for everybody: midwife-fit.ts.
//
// Called by init.ts. Synchronous: all that matters here belongs to a thread.
//
// Next: engine/libcontainer/confine.ts
import { exitAtOnce } from '../syscalls/process.ts'
import type { PreparedChild } from '../syscalls/spawn.ts'
import { confine, markNextExec } from './confine.ts'
import { terminalForChild } from './console.ts'
import { takeDescriptors } from './descriptors.ts'
import { findProgram, keepOpen, prepareChild } from './execute.ts'
import type { ExecRequest, InitChannel } from './handshake.ts'
import { joinKeyring } from './keyring.ts'
import { joinNamespaces, openNamespace, sendChildren } from './namespaces.ts'
import { setPersonality } from './scheduling.ts'

// #region midwife
/** Has the child that `request` describes. @param passing the socket that brings its descriptors */
export function deliver(request: ExecRequest, host: InitChannel, passing: number): never {
  const { process, seccomp } = request
  const warn = (message: string): void => host.say({ type: 'warning', message })
  const { child, nursery } = prepare(request, host, passing, warn)
  // Until here the host may have been busy with the cgroup: our child shall be in it from the start.
  host.receive()
  // From here on no thread can be made, and Node makes none.
  if (nursery !== undefined) sendChildren(nursery)
  const program = seccomp && { ...seccomp, bpf: Buffer.from(seccomp.bpf, 'base64') }
  confine(process, program, warn, child)
  host.say({ type: 'born', pid: child.pid ?? -1 })
  exitAtOnce(0)
}
// #endregion midwife

interface Prepared {
  child: PreparedChild
  /** Where it will be born; undefined for a container in our PID namespace. */
  nursery: number | undefined
}

function prepare(
  { process, fds, join, ...request }: ExecRequest,
  host: InitChannel,
  passing: number,
  warn: (line: string) => void,
): Prepared {
  try {
    takeDescriptors(passing, fds)
    keepOpen([0, 1, 2])
    if (request.newKeyring) joinKeyring(request.id, warn)
    // In the container's /proc there will be no entry of ours: we are in none of its PID namespaces.
    markNextExec(process)
    const pid = join.find(({ type }) => type === 'pid')
    const nursery = pid?.path === undefined ? undefined : openNamespace('pid', pid.path)
    joinNamespaces(join)
    const terminal = fds.console === undefined ? undefined : terminalForChild(process, fds.console)
    if (request.personality) setPersonality(request.personality)
    const { file, env } = findProgram(process, request.listenEnv)
    return { child: prepareChild(file, process.args, env, terminal), nursery }
  } catch (error) {
    // Who speaks to one that has gone hears no last words.
    host.fail(error)
    host.receive()
    return exitAtOnce(1)
  }
}
