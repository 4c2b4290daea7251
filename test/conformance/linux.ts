// The MUSTs of config-linux.md, specification 1.2.
import { section } from './requirement.ts'

const document = 'config-linux.md'

export const linuxRequirements = [
  ...section(document, 'Namespaces', [
    [
      'path is absolute, of a namespace of that type: else an error',
      'namespaces.ts config/validate.ts',
      'linux',
      'namespaces with %s are refused',
    ],
    [
      'with a path, the process is placed there',
      'namespaces.ts',
      'linux',
      'a %s namespace is joined by its path',
    ],
    ['a user namespace too', 'user-namespace.ts', 'linux', 'a user namespace is joined by its path'],
    [
      'without a path, a new one is made; not listed, the runtime’s is inherited',
      'namespaces.ts',
      'linux',
      'namespaces that are listed are new, those that are not are the runtime’s',
    ],
    ['one type twice: error', 'config/validate.ts', 'linux', 'namespaces with %s are refused'],
  ]),
  ...section(document, 'User namespace mappings, Offset for Time Namespace', [
    [
      'the mappings are those of the namespace',
      'user-namespace.ts',
      'linux',
      'a user namespace has the mappings, and root in it owns nothing outside',
    ],
    [
      'the offsets are those of the namespace',
      'namespaces.ts',
      'linux',
      'a new time namespace has the offsets',
    ],
  ]),
  ...section(document, 'Devices', [
    [
      'devices that are listed are available',
      'devices.ts',
      'linux',
      'devices of the list are there, with mode and owner',
    ],
    [
      'a file at the path that is not the device: error',
      'devices.ts',
      'linux',
      'a file that is not the device stops create',
    ],
    [
      'null zero full random urandom tty ptmx are supplied',
      'devices.ts',
      'linux',
      'the default devices are there and work',
    ],
    [
      'console is the terminal',
      'console.ts',
      'process',
      'a terminal goes to the console socket, with its size, and is /dev/console',
    ],
  ]),
  ...section(document, 'Control groups', [
    [
      'a cgroup that is not fit for the operation: error',
      'cgroups/open.ts',
      'cgroups',
      'a frozen cgroup is not fit for create',
    ],
    [
      'an absolute cgroupsPath begins at the mount point, and leads to the same place every time',
      'cgroups/path.ts',
      'cgroups',
      'an absolute cgroupsPath begins at the mount point, and is the same place every time',
    ],
    [
      'a relative one, or none, leads to a place of the runtime’s own',
      'cgroups/path.ts',
      'cgroups',
      'without a cgroupsPath, or with %s, there is a cgroup, and delete removes it',
    ],
    [
      'device rules are applied in the order of the list',
      'cgroups/device-rules.ts',
      'cgroups',
      'device rules hold in the order of the list',
    ],
    [
      'memory, cpu, pids',
      'cgroups/settings-v1.ts cgroups/settings-v2.ts',
      'cgroups',
      'the limit %s reaches the kernel',
    ],
    [
      'memory.limit holds',
      'cgroups/settings-v1.ts cgroups/settings-v2.ts',
      'cgroups',
      'more memory than the limit is killed, and run says 137',
    ],
    [
      'pids.limit holds',
      'cgroups/settings-v1.ts cgroups/settings-v2.ts',
      'cgroups',
      'more processes than the limit are refused',
    ],
    [
      'unified: controllers are enabled, unknown files written, missing controllers are errors',
      'cgroups/v2.ts',
      'cgroups',
      'unified goes to cgroup v2, and is an error where there is none',
    ],
    [
      'cgroup ownership: the directory and the files that may be delegated are the process’s user’s (SHOULD)',
      'cgroups/owner.ts',
      'cgroups',
      'root of its own users owns the cgroup that it may write, on v2',
    ],
  ]),
  ...section(document, 'IntelRdt', [
    [
      'no mounted resctrl: error',
      'config/validate.ts',
      'linux',
      'intelRdt without a mounted resctrl is refused',
    ],
  ]),
  ...section(document, 'Sysctl', [
    [
      'kernel parameters are set for the container',
      'sysctl.ts',
      'linux',
      'sysctl sets what belongs to the container’s namespaces',
    ],
    [
      'those of the host are refused',
      'sysctl.ts',
      'linux',
      'a sysctl is refused when it would change the host: %s',
    ],
  ]),
  ...section(document, 'Seccomp', [
    [
      'an errno for an action that has none: error',
      'seccomp.ts config/validate.ts',
      'seccomp',
      'seccomp with %s is refused',
    ],
    ['a rule has at least one name', 'config/linux.ts', 'seccomp', 'seccomp with %s is refused'],
    [
      'listenerMetadata without listenerPath: error',
      'config/validate.ts',
      'seccomp',
      'seccomp with %s is refused',
    ],
    ['actions', 'seccomp.ts', 'seccomp', 'the action %s does what libseccomp says'],
    ['operators on arguments', 'seccomp.ts', 'seccomp', 'arguments are compared by their operators'],
    ['flags', 'seccomp.ts', 'seccomp', 'flags are taken, and the filter is on'],
    [
      'notify: one state for each connection, descriptors in the first message, or an error',
      'seccomp.ts',
      'seccomp',
      'notify sends the process’s state and one descriptor, or is refused',
    ],
  ]),
  ...section(document, 'Rootfs Mount Propagation', [
    ['shared, slave, private, unbindable', 'rootfs.ts', 'linux', 'rootfsPropagation %s'],
  ]),
  ...section(document, 'Masked Paths, Readonly Paths', [
    ['paths are absolute', 'config/linux.ts', 'config', 'invalid values are refused: %s'],
    [
      'masked ones cannot be read, read-only ones not written',
      'hidden-paths.ts',
      'linux',
      'masked paths are empty, read-only paths cannot be written',
    ],
  ]),
  ...section(document, 'Personality', [
    ['LINUX32', 'scheduling.ts', 'linux', 'personality LINUX32 makes uname speak of a 32-bit machine'],
  ]),
]
