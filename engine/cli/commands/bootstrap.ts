// `tocker image bootstrap`: a first image, where no registry is in reach. It is made here,
// and loaded by the daemon.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UsageError } from '../flags.ts'
import { interruptible } from '../interrupt.ts'
import { baseImages, bootstrapArchive } from '../local/bootstrap.ts'
import { shortId } from '../output/image-list.ts'
import { followProgress, showProgress } from '../output/progress.ts'
import type { Verb } from '../verb.ts'

export const verb: Verb = {
  usage: '[OPTIONS] [busybox|debian]',
  flags: [{ name: 'quiet', short: 'q', help: 'Only print the image ID' }],
  arity: [0, 1],
  notes: `busybox, when nothing is said: made in a second of this machine's busybox-static.
debian takes half a minute, mmdebstrap and Debian's archive, and root.`,
  run: ({ client, streams }, flags, [wanted = 'busybox']) =>
    interruptible(async (signal) => {
      const name = baseImages.find((one) => one === wanted || one.startsWith(`${wanted}:`))
      if (name === undefined)
        throw new UsageError(`${wanted} cannot be made here: ${baseImages.join(' and ')} can`, 1)
      const quiet = flags.on('quiet')
      // Before half a minute of work: is anybody there who will have it?
      await client.version()
      const scratch = await mkdtemp(join(tmpdir(), 'lc-bootstrap-'))
      try {
        using progress = showProgress({ write: streams.out, size: () => streams.terminal() }, quiet)
        const { imageId, archive } = await bootstrapArchive(name, scratch, progress.tell)
        await followProgress(
          await client.call({
            method: 'POST',
            path: '/images/load',
            query: { quiet: true },
            body: archive,
            signal,
          }),
          () => {},
        )
        streams.out(
          quiet
            ? `${imageId}\n`
            : `Made ${name} (${shortId(imageId)}): tocker run ${name.replace(/:latest$/, '')} ls /\n`,
        )
      } finally {
        await rm(scratch, { recursive: true, force: true })
      }
      return 0
    }),
}
