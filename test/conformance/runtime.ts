// The MUSTs of runtime.md, specification 1.2.
import { section } from './requirement.ts'

const document = 'runtime.md'

export const runtimeRequirements = [
  ...section(document, 'Scope of a Container', [
    [
      'whoever creates a container can use every operation on it',
      'commands/container.ts state.ts',
      'lifecycle',
      'delete undoes create, and the id may be used again',
    ],
  ]),
  ...section(document, 'State', [
    [
      'version, id, status, pid, bundle, annotations are there, in the JSON pattern',
      'commands/state.ts state.ts',
      'lifecycle',
      'state has version, id, status, pid, bundle and annotations',
    ],
    [
      'an id is unique on the host',
      'state.ts lock.ts',
      'robust',
      'of ten creates with one id at once, one wins',
    ],
    [
      'pid is the process as the host sees it',
      'process-identity.ts status.ts',
      'lifecycle',
      'the process of a created container is the one that start runs',
    ],
    [
      'stopped is said of a process that has ended, however it did',
      'status.ts process-identity.ts',
      'robust',
      'a container killed from outside is stopped, and can be deleted',
    ],
    [
      'further states are named otherwise: paused',
      'status.ts',
      'lifecycle',
      'pause stops every process, resume lets them go on',
    ],
  ]),
  ...section(document, 'Lifecycle', [
    [
      'create makes the environment of config.json, or is an error',
      'create.ts init.ts',
      'config',
      'a create that fails leaves nothing behind: %s',
    ],
    [
      'create does not run the program',
      'init.ts create.ts',
      'lifecycle',
      'create makes the environment and does not run the program',
    ],
    [
      'config.json changed after create changes nothing',
      'create.ts',
      'lifecycle',
      'changes of config.json after create have no effect',
    ],
    [
      'prestart, createRuntime, createContainer hooks run in create, in this order',
      'create.ts hooks.ts',
      'hooks',
      'hooks of all six kinds run in order, each at its time',
    ],
    [
      'one of these that fails: error, container stopped, destroyed',
      'create.ts hooks.ts',
      'hooks',
      'a failing %s hook is an error, and nothing remains',
    ],
    [
      'startContainer hooks run in start, before the program',
      'init.ts hooks.ts',
      'hooks',
      'hooks of all six kinds run in order, each at its time',
    ],
    [
      'a failing startContainer or poststart hook stops the container (poststart: since 1.2.1)',
      'start.ts init.ts run.ts hooks.ts',
      'hooks',
      'a failing %s hook makes start fail, and stops the container',
    ],
    [
      'start runs the program of process',
      'start.ts execute.ts',
      'lifecycle',
      'create makes the environment and does not run the program',
    ],
    [
      'poststart hooks run once the program runs, before start returns',
      'start.ts hooks.ts',
      'hooks',
      'hooks of all six kinds run in order, each at its time',
    ],
    [
      'delete undoes what create did',
      'delete.ts',
      'lifecycle',
      'delete undoes create, and the id may be used again',
    ],
    [
      'poststop hooks run after that; one that fails is a warning, the others run',
      'delete.ts hooks.ts',
      'hooks',
      'a failing poststop hook is a warning, and those after it run',
    ],
  ]),
  ...section(document, 'Errors', [
    [
      'an error leaves everything as if nothing had been asked',
      'create.ts',
      'config',
      'a create that fails leaves nothing behind: %s',
    ],
    [
      'so does the end of the runtime itself, at any moment',
      'create.ts delete.ts state.ts',
      'robust',
      'create killed with -9 at fifty moments, then delete --force: nothing remains',
    ],
  ]),
  ...section(document, 'Warnings', [
    [
      'a warning changes nothing in what happens',
      'log.ts',
      'process',
      'a capability that the kernel does not know is a warning',
    ],
  ]),
  ...section(document, 'Query State', [
    [
      'an id is needed, of a container that exists',
      'commands/container.ts',
      'lifecycle',
      '%s needs the id of a container that exists',
    ],
    [
      'it returns the state',
      'commands/state.ts',
      'lifecycle',
      'state has version, id, status, pid, bundle and annotations',
    ],
  ]),
  ...section(document, 'Create', [
    [
      'bundle and id are needed',
      'commands/create.ts',
      'lifecycle',
      'create needs an id, and a bundle that has a config.json',
    ],
    [
      'an id in use, or one that is no id, is an error and makes nothing',
      'state.ts',
      'lifecycle',
      'an id serves one container, and the second create changes nothing',
    ],
    ['what is no id is refused', 'state.ts', 'lifecycle', 'create refuses the id %s'],
    [
      'everything but process is applied, or it is an error and there is no container',
      'create.ts init.ts',
      'config',
      'a create that fails leaves nothing behind: %s',
    ],
    [
      'process.args wait for start',
      'init.ts',
      'lifecycle',
      'create makes the environment and does not run the program',
    ],
  ]),
  ...section(document, 'Start', [
    [
      'an id is needed, of a container that exists',
      'commands/start.ts',
      'lifecycle',
      '%s needs the id of a container that exists',
    ],
    [
      'of a container that is not created: error, no effect',
      'start.ts',
      'lifecycle',
      'start of a running or a stopped container is an error without effect',
    ],
    [
      'without process: error',
      'config/validate.ts',
      'lifecycle',
      'without a process there is nothing to start',
    ],
  ]),
  ...section(document, 'Kill', [
    [
      'an id is needed, of a container that exists',
      'commands/kill.ts',
      'lifecycle',
      '%s needs the id of a container that exists',
    ],
    [
      'of a container neither created nor running: error, no effect',
      'kill.ts',
      'lifecycle',
      'kill reaches a created container, and is refused for a stopped one',
    ],
    [
      'the signal reaches the process',
      'kill.ts commands/signal.ts',
      'lifecycle',
      'kill sends the signal named %s',
    ],
  ]),
  ...section(document, 'Delete', [
    [
      'an id is needed, of a container that exists',
      'commands/delete.ts',
      'lifecycle',
      '%s needs the id of a container that exists',
    ],
    [
      'of a container that is not stopped: error, no effect',
      'delete.ts',
      'lifecycle',
      'delete of a container that is not stopped is an error without effect',
    ],
    [
      'what create made is deleted',
      'delete.ts',
      'lifecycle',
      'delete removes the cgroups of every hierarchy',
    ],
    [
      'what create did not make is not',
      'delete.ts',
      'lifecycle',
      'delete leaves alone what the container did not make',
    ],
  ]),
]
