// What config.json can say, and LXC's configuration cannot. Pure.
//
// Each would be a container with less protection, or less freedom, than was asked for: so
// it is refused, with what to do instead.
import { EngineError } from '../../errors.ts'
import type { Config } from '../../libcontainer/config/config.ts'
import { parseMountOptions } from '../../libcontainer/mount-options.ts'

type Problem = readonly [path: string, isThere: boolean, why: string]

/** @throws EngineError `not-implemented` with the JSON path */
export function refuseInexpressible(config: Config): void {
  const all = [...processProblems(config), ...linuxProblems(config), ...mountProblems(config)]
  const found = all.find(([, isThere]) => isThere)
  if (found === undefined) return
  const [path, , why] = found
  throw new EngineError(
    'not-implemented',
    `$.${path}: ${why}: leave it out, or run the container with another runtime`,
  )
}

const unknown = 'LXC has no word for it'

function processProblems({ process, hooks }: Config): Problem[] {
  const { capabilities, user, env = [] } = process ?? {}
  const nameless = env.find((variable) => !/^[^\s=]+=/.test(variable))
  return [
    ['process', process === undefined, 'LXC starts no container without a program'],
    [
      'hooks',
      Object.values(hooks ?? {}).some((list) => (list?.length ?? 0) > 0),
      'LXC has hooks of another kind',
    ],
    ['process.env', nameless !== undefined, `LXC takes NAME=value only, and not ${JSON.stringify(nameless)}`],
    ['process.user.umask', ![undefined, 0o022].includes(user?.umask), unknown],
    [
      'process.capabilities',
      [...(capabilities?.ambient ?? []), ...(capabilities?.inheritable ?? [])].length > 0,
      'LXC gives neither ambient nor inheritable capabilities',
    ],
    ['process.scheduler', process?.scheduler !== undefined, unknown],
    ['process.ioPriority', process?.ioPriority !== undefined, unknown],
  ]
}

/** Of the ways in which mounts spread, LXC has one: the host's come in, the container's stay in. */
const usualPropagation = [undefined, '', 'private', 'rprivate', 'slave', 'rslave']

function linuxProblems({ linux = {}, domainname }: Config): Problem[] {
  const { namespaces = [], devices, seccomp } = linux
  return [
    [
      'domainname',
      Boolean(domainname),
      'LXC has a host name only (docker run --domainname is a sysctl, and works)',
    ],
    [
      'linux.namespaces',
      !namespaces.some(({ type, path }) => type === 'mount' && !path),
      'LXC always makes a mount namespace',
    ],
    ['linux.namespaces', namespaces.some(({ type }) => type === 'time'), unknown],
    // lxc.idmap is there, but: LXC sets the container up as its root, who may pass none of our directories;
    // wants a line for root in /etc/subuid; and mounts cgroups writable, whatever one asks for.
    [
      'linux.namespaces',
      namespaces.some(({ type }) => type === 'user'),
      'in a user namespace LXC would give the container more than was asked for (docker run --userns=host has none)',
    ],
    [
      'linux.devices',
      (devices ?? []).some(({ path }) => !path.startsWith('/dev/') || path.includes('/../')),
      'LXC makes device nodes in /dev only',
    ],
    ['linux.rootfsPropagation', !usualPropagation.includes(linux.rootfsPropagation), unknown],
    ['linux.personality', linux.personality !== undefined, unknown],
    ['linux.intelRdt', linux.intelRdt !== undefined, unknown],
    ['linux.mountLabel', Boolean(linux.mountLabel), unknown],
    ['linux.seccomp.flags', (seccomp?.flags?.length ?? 0) > 0, unknown],
    ['linux.seccomp.listenerPath', Boolean(seccomp?.listenerPath), 'its listener is LXC itself'],
  ]
}

function mountProblems({ mounts = [] }: Config): Problem[] {
  return mounts.map((entry, index) => {
    const { recursive, tmpcopyup, idmap } = parseMountOptions(entry)
    const special = tmpcopyup || idmap !== false || (recursive.set | recursive.clear) !== 0
    return [
      `mounts[${index}].options`,
      special,
      `LXC has no word for one of ${(entry.options ?? []).join(',')}`,
    ]
  })
}
