// `tocker run`: a container on this terminal.
//
//   tocker run busybox ls /             of an image, by the daemon: container/run-image.ts
//   tocker run --rootfs box -- ls /     of a directory, by libcontainer: local/run-directory.ts
//
// Next: engine/cli/container/run-image.ts
import { createFlags } from '../container/create-flags.ts'
import { type Flag, UsageError } from '../flags.ts'
import type { Verb } from '../verb.ts'
import { detachKeysFlag, sigProxyFlag } from './stream-flags.ts'

const runFlags: readonly Flag[] = [
  { name: 'detach', short: 'd', help: 'Run container in background and print container ID' },
  detachKeysFlag,
  sigProxyFlag,
  {
    name: 'rootfs',
    value: 'directory',
    help: 'Take this directory as "/" of the container, in place of an image and a daemon',
  },
  {
    name: 'layer',
    value: 'directory',
    help: 'With --rootfs: write into this directory, and leave the root filesystem as it is (overlay)',
  },
  {
    name: 'explain',
    value: 'format',
    choices: ['text', 'json'],
    help: 'X-ray: every system call and command, on stderr',
  },
]

export const verb: Verb = {
  usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  flags: [...createFlags, ...runFlags],
  arity: [0, Number.POSITIVE_INFINITY],
  passThrough: true,
  failure: 'engine',
  notes: 'Without an image and a daemon: tocker run --rootfs DIRECTORY [OPTIONS] -- COMMAND [ARG...]',
  run: async (context, flags, [image, ...args]) => {
    // Each loaded when it is meant: the one needs no HTTP, the other nothing that makes containers.
    if (flags.has('rootfs')) {
      const { runDirectory } = await import('../local/run-directory.ts')
      return runDirectory(context.streams, flags, image === undefined ? [] : [image, ...args])
    }
    if (image === undefined)
      throw new UsageError("'tocker run' requires an image: tocker run [OPTIONS] IMAGE [COMMAND] [ARG...]")
    if (flags.has('layer'))
      throw new UsageError(
        '--layer goes with --rootfs: a container of an image has a layer of its own (tocker diff)',
      )
    const { runImage } = await import('../container/run-image.ts')
    const format = flags.text('explain')
    if (format === undefined) return runImage(context, flags, image, args)
    context.client.trace = true
    try {
      return await runImage(context, flags, image, args)
    } finally {
      const { explain } = await import('../container/explain.ts')
      await explain(context.client, context.streams, format)
    }
  },
}
