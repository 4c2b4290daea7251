// `present` and `serve`: lessons before an audience.
//
// Called by main.tsx. Both are the site's server, which is another bundle and reads
// these options once more; only `present --terminal` stays here.
import { Command } from 'commander'

interface PresentFlags {
  sandbox: string
  keep?: boolean
  step?: string
  terminal?: boolean
}

export function presentCommand(serveSite: () => Promise<void>): Command {
  const command = new Command('present')
    .description('present a lesson: one step at a time, large, by a clicker’s keys')
    .argument('<lesson>')
    .option('--step <id>', 'begin at this step')
    .option('--terminal', 'in this terminal, and not in the browser')
  return servingOptions(command).action(async (slug: string, flags: PresentFlags) => {
    const { findLesson, suggest } = await import('../format/catalogue.ts')
    const { languageOf } = await import('../language/language.ts')
    const lesson = await findLesson(slug, languageOf(process.env))
    const steps = lesson?.steps.map((step) => step.id) ?? []
    if (!lesson || (flags.step !== undefined && !steps.includes(flags.step))) {
      const near = lesson ? undefined : await suggest(slug)
      process.stderr.write(
        lesson
          ? `learn-containers: ${slug} has no step ${flags.step}: it has ${steps.join(', ')}\n`
          : `learn-containers: there is no lesson ${slug}${near ? `. Did you mean ${near}?` : ''}\n`,
      )
      process.exitCode = 2
    } else if (flags.terminal) {
      const { playLesson } = await import('./play.ts')
      await playLesson(lesson, { ...flags, present: true })
    } else await serveSite()
  })
}

export function serveCommand(serveSite: () => Promise<void>): Command {
  return servingOptions(new Command('serve'))
    .description('serve the site, with --class for an audience on the network')
    .action(serveSite)
}

function servingOptions(command: Command): Command {
  return command
    .option('--port <number>', 'port on 127.0.0.1 (the next free one when it is taken)', '4400')
    .option('--open', 'open the browser')
    .option('--class', 'let a class look on from the network: read-only, by a code')
    .option(
      '--host <address>',
      'address for the class, once or more (the first IPv4 address of this machine)',
      (one: string, all: string[] = []) => [...all, one],
    )
    .option('--sandbox <where>', 'as above', 'qemu')
    .option('--keep', 'leave the VM running afterwards')
}
