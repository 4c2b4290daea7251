// The verbs that are about containers: one half of the table in verbs.ts.
import type { VerbEntry } from './verb.ts'

export const containerVerbs: readonly VerbEntry[] = [
  {
    names: ['run', 'container run'],
    summary: 'Create and run a new container from an image, or from a directory',
    load: () => import('./commands/run.ts'),
  },
  {
    names: ['create', 'container create'],
    summary: 'Create a new container',
    load: () => import('./commands/container-create.ts'),
  },
  {
    names: ['start', 'container start'],
    summary: 'Start one or more stopped containers',
    load: () => import('./commands/start.ts'),
  },
  {
    names: ['stop', 'container stop'],
    summary: 'Stop one or more running containers',
    load: () => import('./commands/stop.ts'),
  },
  {
    names: ['restart', 'container restart'],
    summary: 'Restart one or more containers',
    load: () => import('./commands/restart.ts'),
  },
  {
    names: ['kill', 'container kill'],
    summary: 'Kill one or more running containers',
    load: () => import('./commands/kill.ts'),
  },
  {
    names: ['pause', 'container pause'],
    summary: 'Pause all processes within one or more containers',
    load: () => import('./commands/pause.ts'),
  },
  {
    names: ['unpause', 'container unpause'],
    summary: 'Unpause all processes within one or more containers',
    load: () => import('./commands/unpause.ts'),
  },
  {
    names: ['wait', 'container wait'],
    summary: 'Block until one or more containers stop, then print their exit codes',
    load: () => import('./commands/wait.ts'),
  },
  {
    names: ['rename', 'container rename'],
    summary: 'Rename a container',
    load: () => import('./commands/rename.ts'),
  },
  {
    names: ['update', 'container update'],
    summary: 'Update configuration of one or more containers',
    load: () => import('./commands/update.ts'),
  },
  {
    names: ['attach', 'container attach'],
    summary: 'Attach local standard input, output, and error streams to a running container',
    load: () => import('./commands/attach.ts'),
  },
  {
    names: ['exec', 'container exec'],
    summary: 'Execute a command in a running container',
    load: () => import('./commands/exec.ts'),
  },
  {
    names: ['logs', 'container logs'],
    summary: 'Fetch the logs of a container',
    load: () => import('./commands/logs.ts'),
  },
  {
    names: ['top', 'container top'],
    summary: 'Display the running processes of a container',
    load: () => import('./commands/top.ts'),
  },
  {
    names: ['cp', 'container cp'],
    summary: 'Copy files/folders between a container and the local filesystem',
    load: () => import('./commands/cp.ts'),
  },
  {
    names: ['stats', 'container stats'],
    summary: 'Display a live stream of container(s) resource usage statistics',
    load: () => import('./commands/stats.ts'),
  },
  {
    names: ['port', 'container port'],
    summary: 'List port mappings or a specific mapping for the container',
    load: () => import('./commands/port.ts'),
  },
  {
    names: ['container prune'],
    summary: 'Remove all stopped containers',
    load: () => import('./commands/container-prune.ts'),
  },
  {
    names: ['container inspect'],
    summary: 'Display detailed information on one or more containers',
    load: () => import('./commands/container-inspect.ts'),
  },
  {
    names: ['ps', 'container ls', 'container list', 'container ps'],
    summary: 'List containers',
    load: () => import('./commands/ps.ts'),
  },
  {
    names: ['rm', 'container rm', 'container remove'],
    summary: 'Remove one or more containers',
    load: () => import('./commands/rm.ts'),
  },
  {
    names: ['diff', 'container diff'],
    summary: "Inspect changes to files or directories on a container's filesystem",
    load: () => import('./commands/diff.ts'),
  },
  {
    names: ['commit', 'container commit'],
    summary: "Create a new image from a container's changes",
    load: () => import('./commands/commit.ts'),
  },
  {
    names: ['export', 'container export'],
    summary: "Export a container's filesystem as a tar archive",
    load: () => import('./commands/export.ts'),
  },
]
