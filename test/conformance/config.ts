// The MUSTs of config.md, specification 1.2, as far as they speak of Linux.
import { section } from './requirement.ts'

const document = 'config.md'

export const configRequirements = [
  ...section(document, 'Specification version', [
    [
      'ociVersion is a semantic version, one that the runtime knows',
      'config/validate.ts',
      'config',
      'ociVersion must be a version that this runtime knows',
    ],
  ]),
  ...section(document, 'Root', [
    [
      'root is required, path is absolute or relative to the bundle',
      'config/config.ts create.ts',
      'config',
      'root.path may be %s',
    ],
    ['a directory is at that path', 'create.ts', 'config', 'root.path must be a directory that exists'],
    [
      'readonly makes the root read-only',
      'rootfs.ts',
      'config',
      'root.readonly makes the root read-only, and not what is mounted in it',
    ],
  ]),
  ...section(document, 'Mounts', [
    [
      'entries are mounted in the order of the list',
      'mounts.ts',
      'mounts',
      'mounts are made in the order of the list',
    ],
    [
      'a relative destination begins at /',
      'mounts.ts resolve.ts',
      'mounts',
      'a relative destination begins at /',
    ],
    [
      'a relative source of a bind mount begins at the bundle',
      'bind-mounts.ts',
      'mounts',
      'a relative source of a bind mount begins at the bundle',
    ],
    [
      'uidMappings come with gidMappings',
      'config/validate.ts',
      'mounts',
      'uidMappings of a mount come with gidMappings',
    ],
  ]),
  ...section(document, 'Linux mount options', [
    [
      'async atime defaults dev diratime dirsync exec iversion lazytime loud noatime nodev nodiratime noexec noiversion nolazytime norelatime nostrictatime nosuid relatime ro rw silent strictatime suid sync',
      'mount-options.ts',
      'mounts',
      'the mount option %s works',
    ],
    [
      'private rprivate shared rshared unbindable runbindable',
      'mount-options.ts',
      'mounts',
      'the mount option %s works',
    ],
    ['bind rbind', 'bind-mounts.ts mount-options.ts', 'mounts', 'a bind mount with %s works'],
    [
      'slave rslave; flags of a bind mount',
      'bind-mounts.ts mount-options.ts',
      'mounts',
      'a bind mount with %s has it too',
    ],
    ['remount', 'mounts.ts mount-options.ts', 'mounts', 'remount changes what is mounted already'],
    [
      'idmap uses the mappings that were given',
      'idmapped.ts',
      'mounts',
      'idmap shows files under other owners',
    ],
    [
      'idmap without mappings and without a user namespace: error',
      'config/validate.ts',
      'mounts',
      'idmap without mappings and without a user namespace is refused',
    ],
    [
      'recursive options (SHOULD)',
      'mount-options.ts',
      'mounts',
      'the recursive option %s reaches what is mounted below',
    ],
    ['tmpcopyup (MAY)', 'tmpcopyup.ts', 'mounts', 'tmpcopyup copies what the directory held'],
  ]),
  ...section(document, 'Process', [
    [
      'process is there when start is called',
      'config/validate.ts',
      'lifecycle',
      'without a process there is nothing to start',
    ],
    [
      'consoleSize is ignored without a terminal',
      'console.ts',
      'process',
      'without a terminal, consoleSize is ignored',
    ],
    [
      'terminal: a pseudoterminal is stdin, stdout and stderr',
      'console.ts',
      'process',
      'a terminal goes to the console socket, with its size, and is /dev/console',
    ],
    ['cwd is absolute', 'config/process.ts', 'process', 'a cwd that is not absolute is refused'],
    [
      'args has an entry, env and args are execvp’s',
      'execute.ts',
      'process',
      'args and env are what the program gets, in order and nothing else',
    ],
    ['at least one of args', 'config/validate.ts', 'process', 'at least one of args is needed'],
  ]),
  ...section(document, 'POSIX process', [
    [
      'an rlimit that the kernel does not know: error',
      'rlimits.ts',
      'process',
      'rlimits with %s are refused',
    ],
    [
      'getrlimit gives soft and hard as they were said',
      'rlimits.ts',
      'process',
      'rlimits are what getrlimit says, soft and hard',
    ],
    ['one type twice: error', 'config/validate.ts', 'process', 'rlimits with %s are refused'],
  ]),
  ...section(document, 'Linux process', [
    [
      'a capability that cannot be granted is a warning',
      'capabilities.ts',
      'process',
      'a capability that the kernel does not know is a warning',
    ],
    [
      'the five sets are as listed',
      'capabilities.ts',
      'process',
      'the five sets of capabilities are those that were listed',
    ],
    ['noNewPrivileges', 'confine.ts', 'process', 'noNewPrivileges is no_new_privs of the process'],
    [
      'oomScoreAdj: set when given, untouched when not',
      'scheduling.ts',
      'process',
      'oomScoreAdj is set when given, and left alone when not',
    ],
    ['scheduler: what is not given is 0', 'scheduling.ts', 'process', 'scheduler sets policy and nice value'],
    ['ioPriority', 'scheduling.ts', 'process', 'ioPriority is the process’s'],
    [
      'execCPUAffinity: for exec only, initial before the cgroup, final in it',
      'exec.ts scheduling.ts',
      'exec',
      'execCPUAffinity is where exec runs: initial before the cgroup, final in it',
    ],
  ]),
  ...section(document, 'User', [
    [
      'uid, gid, umask, additionalGids in the container’s namespace',
      'credentials.ts',
      'process',
      'uid, gid, additionalGids and umask are the process’s',
    ],
  ]),
  ...section(document, 'Hostname, Domainname', [
    [
      'both are set in the container’s UTS namespace',
      'init.ts',
      'config',
      'hostname and domainname are the container’s, and not the host’s',
    ],
  ]),
  ...section(document, 'POSIX-platform Hooks', [
    ['path is absolute', 'config/config.ts', 'hooks', 'a %s hook whose path is not absolute is refused'],
    [
      'timeout is greater than zero',
      'config/config.ts',
      'hooks',
      'a hook’s timeout must be greater than zero',
    ],
    [
      'a hook that takes longer has failed',
      'hooks.ts',
      'hooks',
      'a hook that takes longer than its timeout is ended, and has failed',
    ],
    [
      'they are called in the order of the list',
      'hooks.ts',
      'hooks',
      'hooks of all six kinds run in order, each at its time',
    ],
    [
      'the state comes on stdin',
      'hooks.ts',
      'hooks',
      'hooks get the state on stdin, and only their own arguments and environment',
    ],
    [
      'prestart, createRuntime, poststart, poststop: path and process in the runtime namespace',
      'hooks.ts create.ts',
      'hooks',
      'hooks run in the runtime namespaces, createContainer and startContainer in the container’s',
    ],
    [
      'createContainer: path in the runtime’s, process in the container’s',
      'init.ts hooks.ts',
      'hooks',
      'hooks run in the runtime namespaces, createContainer and startContainer in the container’s',
    ],
    [
      'startContainer: both in the container’s',
      'init.ts hooks.ts',
      'hooks',
      'hooks run in the runtime namespaces, createContainer and startContainer in the container’s',
    ],
    [
      'prestart and createRuntime: after the namespaces are made, before pivot_root',
      'create.ts',
      'hooks',
      'hooks before pivot_root see the namespaces made, and change the network in them',
    ],
    [
      'poststop: after delete, before it returns',
      'delete.ts',
      'hooks',
      'hooks of all six kinds run in order, each at its time',
    ],
  ]),
  ...section(document, 'Annotations', [
    [
      'a map of text to text, without an empty key',
      'config/config.ts',
      'config',
      'invalid values are refused: %s',
    ],
    [
      'keys that are unknown are no error',
      'config/config.ts',
      'config',
      'unknown properties and unknown annotations are ignored',
    ],
  ]),
  ...section(document, 'Extensibility, Valid values', [
    [
      'unknown properties are ignored',
      'config/config.ts',
      'config',
      'unknown properties and unknown annotations are ignored',
    ],
    ['invalid values are errors', 'config/validate.ts', 'config', 'invalid values are refused: %s'],
  ]),
]
