// The verbs of `tocker`: how each is spelled, what it does, where it stands.
//
// Most have two spellings, as in Docker: `tocker images` and `tocker image ls`. The file
// of a verb is loaded when it is called, so `--help` and a mistyped verb cost nothing.
import { containerVerbs } from './container-verbs.ts'
import type { VerbEntry } from './verb.ts'

export const groups: Readonly<Record<string, string>> = {
  container: 'Manage containers',
  image: 'Manage images',
  network: 'Manage networks',
  system: 'Manage tocker',
  volume: 'Manage volumes',
}

export const verbs: readonly VerbEntry[] = [
  ...containerVerbs,
  {
    names: ['images', 'image ls', 'image list'],
    summary: 'List images',
    load: () => import('./commands/images.ts'),
  },
  {
    names: ['image bootstrap'],
    summary: 'Make a first image without a registry, of busybox or of Debian packages',
    load: () => import('./commands/bootstrap.ts'),
  },
  {
    names: ['pull', 'image pull'],
    summary: 'Download an image from a registry',
    load: () => import('./commands/pull.ts'),
  },
  {
    names: ['push', 'image push'],
    summary: 'Upload an image to a registry',
    load: () => import('./commands/push.ts'),
  },
  {
    names: ['tag', 'image tag'],
    summary: 'Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE',
    load: () => import('./commands/tag.ts'),
  },
  {
    names: ['rmi', 'image rm', 'image remove'],
    summary: 'Remove one or more images',
    load: () => import('./commands/rmi.ts'),
  },
  {
    names: ['image prune'],
    summary: 'Remove unused images',
    load: () => import('./commands/image-prune.ts'),
  },
  {
    names: ['history', 'image history'],
    summary: 'Show the history of an image',
    load: () => import('./commands/history.ts'),
  },
  {
    names: ['inspect'],
    summary: 'Return low-level information on containers, images, networks and volumes',
    load: () => import('./commands/inspect.ts'),
  },
  {
    names: ['image inspect'],
    summary: 'Display detailed information on one or more images',
    load: () => import('./commands/image-inspect.ts'),
  },
  {
    names: ['save', 'image save'],
    summary: 'Save one or more images to a tar archive (streamed to STDOUT by default)',
    load: () => import('./commands/save.ts'),
  },
  {
    names: ['load', 'image load'],
    summary: 'Load images from a tar archive or STDIN',
    load: () => import('./commands/load.ts'),
  },
  {
    names: ['import', 'image import'],
    summary: 'Import the contents from a tarball to create a filesystem image',
    load: () => import('./commands/import.ts'),
  },
  {
    names: ['search'],
    summary: 'Search a registry for images',
    load: () => import('./commands/search.ts'),
  },
  {
    names: ['login'],
    summary: 'Authenticate to a registry',
    load: () => import('./commands/login.ts'),
  },
  {
    names: ['logout'],
    summary: 'Log out from a registry',
    load: () => import('./commands/logout.ts'),
  },
  {
    names: ['network ls', 'network list'],
    summary: 'List networks',
    load: () => import('./commands/network-ls.ts'),
  },
  {
    names: ['network create'],
    summary: 'Create a network',
    load: () => import('./commands/network-create.ts'),
  },
  {
    names: ['network inspect'],
    summary: 'Display detailed information on one or more networks',
    load: () => import('./commands/network-inspect.ts'),
  },
  {
    names: ['network rm', 'network remove'],
    summary: 'Remove one or more networks',
    load: () => import('./commands/network-rm.ts'),
  },
  {
    names: ['network connect'],
    summary: 'Connect a container to a network',
    load: () => import('./commands/network-connect.ts'),
  },
  {
    names: ['network disconnect'],
    summary: 'Disconnect a container from a network',
    load: () => import('./commands/network-disconnect.ts'),
  },
  {
    names: ['network prune'],
    summary: 'Remove all unused networks',
    load: () => import('./commands/network-prune.ts'),
  },
  {
    names: ['volume ls', 'volume list'],
    summary: 'List volumes',
    load: () => import('./commands/volume-ls.ts'),
  },
  {
    names: ['volume create'],
    summary: 'Create a volume',
    load: () => import('./commands/volume-create.ts'),
  },
  {
    names: ['volume inspect'],
    summary: 'Display detailed information on one or more volumes',
    load: () => import('./commands/volume-inspect.ts'),
  },
  {
    names: ['volume rm', 'volume remove'],
    summary: 'Remove one or more volumes',
    load: () => import('./commands/volume-rm.ts'),
  },
  {
    names: ['volume prune'],
    summary: 'Remove unused local volumes',
    load: () => import('./commands/volume-prune.ts'),
  },
  {
    names: ['version'],
    summary: 'Show the version information of client and daemon',
    load: () => import('./commands/version.ts'),
  },
  {
    names: ['events', 'system events'],
    summary: 'Get real time events from the daemon',
    load: () => import('./commands/events.ts'),
  },
  {
    names: ['info', 'system info'],
    summary: 'Display system-wide information',
    load: () => import('./commands/info.ts'),
  },
  {
    names: ['system df'],
    summary: 'Show disk usage',
    load: () => import('./commands/system-df.ts'),
  },
  {
    names: ['system prune'],
    summary: 'Remove unused data',
    load: () => import('./commands/system-prune.ts'),
  },
  {
    names: ['jobs', 'system jobs'],
    summary: 'List what the daemon is doing and did lately',
    load: () => import('./commands/jobs.ts'),
  },
  {
    names: ['jobs trace'],
    summary: 'Show every system call and command of a job',
    load: () => import('./commands/jobs-trace.ts'),
  },
  {
    names: ['completion'],
    summary: 'Print what makes bash, zsh or fish complete our words',
    load: () => import('./commands/completion.ts'),
  },
  {
    names: ['rootfs'],
    summary: "Make a small root filesystem of this machine's busybox",
    load: () => import('./commands/rootfs.ts'),
  },
]
