// Who may import whom: the rooms of the house, as CONTRIBUTING.md names them, and what
// each may take from the others. test/architecture.test.ts holds every file to it.

/** First path that matches decides. Each room may import itself, packages, and what stands here. */
export const rooms: readonly [room: string, mayImport: readonly string[]][] = [
  ['engine/syscalls/', ['engine/errors.ts', 'engine/trace/']],
  ['engine/trace/', []],
  [
    'engine/libcontainer/',
    // Of archives one file: tmpcopyup copies a tree, and knows nothing of layers.
    [
      'engine/errors.ts',
      'engine/size.ts',
      'engine/violation.ts',
      'engine/version.ts',
      'engine/trace/',
      'engine/syscalls/',
      'engine/archive/copy-tree.ts',
    ],
  ],
  ['engine/api/', ['engine/errors.ts']],
  ['engine/archive/', ['engine/errors.ts', 'engine/trace/', 'engine/syscalls/']],
  // A bundle and a pipe cross between the two: of libcontainer, what makes containers.
  ['engine/drivers/exec/', ['engine/errors.ts', 'engine/trace/', 'engine/syscalls/', 'engine/libcontainer/']],
  [
    'engine/drivers/',
    [
      'engine/errors.ts',
      'engine/size.ts',
      'engine/turns.ts',
      'engine/trace/',
      'engine/syscalls/',
      'engine/archive/',
    ],
  ],
  [
    'engine/graph/',
    // Of the drivers their interface alone: cli/ and later the daemon choose one.
    [
      'engine/errors.ts',
      'engine/violation.ts',
      'engine/trace/',
      'engine/syscalls/',
      'engine/api/',
      'engine/archive/',
      'engine/drivers/graph/driver.ts',
    ],
  ],
  [
    'engine/distribution/',
    // Credential helpers are programs, and a layer travels compressed.
    [
      'engine/errors.ts',
      'engine/violation.ts',
      'engine/version.ts',
      'engine/trace/',
      'engine/api/',
      'engine/graph/',
      'engine/archive/compression.ts',
      'engine/syscalls/command.ts',
    ],
  ],
  [
    'engine/daemon/server/',
    // A route asks the engine for a job, and knows of graph and drivers what jobs hand out.
    [
      'engine/errors.ts',
      'engine/violation.ts',
      'engine/trace/report.ts',
      'engine/api/',
      'engine/distribution/credentials.ts',
      'engine/daemon/engine.ts',
      'engine/daemon/job.ts',
      'engine/daemon/daemon.ts',
      'engine/daemon/events.ts',
      'engine/daemon/metrics.ts',
      'engine/daemon/system-info.ts',
      'engine/daemon/jobs/',
    ],
  ],
  [
    'engine/daemon/',
    // Of libcontainer the types of a config, and what the supervisor must know of its processes.
    [
      'engine/turns.ts',
      'engine/errors.ts',
      'engine/size.ts',
      'engine/duration.ts',
      'engine/violation.ts',
      'engine/version.ts',
      'engine/trace/',
      'engine/syscalls/',
      'engine/api/',
      'engine/archive/',
      'engine/graph/',
      'engine/distribution/',
      'engine/drivers/',
      'engine/libcontainer/config/',
      'engine/libcontainer/default-seccomp.ts',
      'engine/libcontainer/defaults.ts',
      'engine/libcontainer/cgroups/',
      'engine/libcontainer/init-command.ts',
      'engine/libcontainer/process-identity.ts',
    ],
  ],
  ['engine/client/', ['engine/errors.ts', 'engine/version.ts', 'engine/api/']],
  [
    'engine/cli/local/',
    // What needs no daemon, and must not: a container of a directory, straight by libcontainer, is
    // the first that a learner makes, from words to system calls in one program; and a first image
    // is made of what this machine has, and then sent to the daemon like any other.
    [
      'engine/cli/flags.ts',
      'engine/cli/quantity.ts',
      'engine/cli/output/streams.ts',
      'engine/errors.ts',
      'engine/trace/',
      'engine/api/progress.ts',
      'engine/archive/pack.ts',
      'engine/archive/unpack.ts',
      'engine/drivers/graph/overlay.ts',
      'engine/libcontainer/',
      'engine/syscalls/command.ts',
      'engine/syscalls/terminal.ts',
    ],
  ],
  [
    'engine/cli/',
    // It never reaches past the API: with DOCKER_HOST it drives a real Docker as well. What names
    // of images are made of both sides must know, and who we are at a registry is the user's file.
    [
      'engine/api/',
      'engine/client/',
      'engine/trace/',
      'engine/errors.ts',
      'engine/size.ts',
      'engine/duration.ts',
      'engine/version.ts',
      'engine/graph/reference.ts',
      'engine/distribution/credentials.ts',
      'engine/distribution/registry.ts',
    ],
  ],
  ['engine/', []],
  ['sandbox-vm/', []],
  ['lessons/', ['sandbox-vm/']],
  ['site/', ['sandbox-vm/', 'lessons/format/', 'lessons/language/', 'lessons/player/']],
]
