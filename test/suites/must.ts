// One test for each MUST of the runtime specification, and what other runtimes are
// known to do otherwise: there the same test has to fail, so that this list stays true.
import { basename } from 'node:path'
import { test } from 'vitest'

/** By the runtime's name: the test, and why it fails there. */
const knownDifferences: Record<string, Record<string, string>> = {
  runc: {
    'hooks of all six kinds run in order, each at its time':
      'runc 1.1 runs poststart at the end of create too',
    'hooks get the state on stdin, and only their own arguments and environment':
      'runc 1.1 says running to startContainer hooks',
    'a failing poststart hook makes start fail, and stops the container':
      'runc 1.1 runs poststart at the end of create, which fails',
    'a failing poststop hook is a warning, and those after it run':
      'runc stops at the first and logs an error',
    'ioPriority is the process’s': 'runc 1.1 knows specification 1.0',
    'scheduler sets policy and nice value': 'runc 1.1 knows specification 1.0',
    'hostname and domainname are the container’s, and not the host’s': 'runc 1.1 knows no domainname',
    'ociVersion must be a version that this runtime knows': 'runc 1.1 does not look at it',
    'invalid values are refused: an annotation without a key': 'runc checks no annotations',
    'invalid values are refused: a masked path that is relative': 'runc skips what it does not find',
    'invalid values are refused: a read-only path that is relative': 'runc skips what it does not find',
    'a create that fails leaves nothing behind: at a device': 'runc takes what is there for the device',
    'the mount option defaults works': 'runc 1.1.5 hands it to the file system',
    'idmap shows files under other owners': 'runc 1.1 knows no mapped mounts',
    'idmap without mappings and without a user namespace is refused': 'runc 1.1 knows no mapped mounts',
    'uidMappings of a mount come with gidMappings': 'runc 1.1 knows no mapped mounts',
    'a time namespace is joined by its path': 'runc 1.1 knows no time namespaces',
    'a new time namespace has the offsets': 'runc 1.1 knows no time namespaces',
    'a file that is not the device stops create': 'runc takes what is there for the device',
    'rootfsPropagation shared': 'runc shares the mounts, not the root',
    'rootfsPropagation unbindable': 'runc marks "/" first, and cannot bind the root then',
    'personality LINUX32 makes uname speak of a 32-bit machine': 'runc 1.1 knows no personality',
    'intelRdt without a mounted resctrl is refused': 'runc 1.1 ignores it',
    'the limit cpu.idle reaches the kernel': 'runc 1.1.5 knows specification 1.0',
    'the limit cpu.burst reaches the kernel': 'runc 1.1.5 knows specification 1.0',
    'create killed with -9 at fifty moments, then delete --force: nothing remains':
      'runc makes the cgroups before it writes its state',
    'seccomp with a rule without names is refused': 'runc passes over it',
    'seccomp with an errno for an action without one is refused': 'runc passes over it',
    'seccomp with a default errno for an action without one is refused': 'runc passes over it',
    'seccomp with metadata for no listener is refused': 'runc passes over it',
    'flags are taken, and the filter is on': 'runc 1.1.5 knows no flags',
    'NOTIFY_SOCKET: systemd hears of a container that it is ready, and start waits for that':
      'runc 1.1.5 does not wait until its words were read',
    'NOTIFY_SOCKET: run in the foreground passes it on, and an end without a word ends the wait':
      'runc 1.1.5 does not wait until its words were read',
    'a poststop hook whose path is not absolute is refused': 'runc looks at it when it runs it',
    'exec is refused while create is still at work: what it would see is the host':
      'runc knows a container when its hooks are done, and says that there is none',
  },
  crun: {},
}

const known = knownDifferences[basename(process.env.TOCKER_RUNTIME ?? '')] ?? {}

/** `test`, or its opposite where this runtime is known to differ. */
export function must(title: string, body: () => Promise<void>): void {
  const reason = known[title]
  if (reason === undefined) test(title, body)
  else test.fails(`${title} [known difference: ${reason}]`, body)
}

/** The same for rows of a table: the title has `%s` where the row's name goes. */
export function mustEach<const Row extends readonly [name: string, ...rest: unknown[]]>(
  title: string,
  rows: readonly Row[],
  body: (...row: [...Row]) => Promise<void>,
): void {
  for (const row of rows) must(title.replace('%s', row[0]), () => body(...row))
}
