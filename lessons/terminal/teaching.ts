// `present` and `serve`: lessons before an audience.
//
// Called by main.tsx. Both are the site's server, which is another bundle and reads
// these options once more; only `present --terminal` stays here.
import { Command } from 'commander'
import type { CommandWords } from '../language/command.ts'
import type { Language } from '../language/language.ts'

interface PresentFlags {
  sandbox: string
  keep?: boolean
  step?: string
  terminal?: boolean
}

export function presentCommand(
  words: CommandWords,
  language: Language,
  serveSite: () => Promise<void>,
): Command {
  const command = new Command('present')
    .description(words.commands.present)
    .argument('<lesson>')
    .option('--step <id>', words.options.step)
    .option('--terminal', words.options.terminal)
  return servingOptions(command, words).action(async (slug: string, flags: PresentFlags) => {
    const { findLesson, suggest } = await import('../format/catalogue.ts')
    const lesson = await findLesson(slug, language)
    const steps = lesson?.steps.map((step) => step.id) ?? []
    if (!lesson || (flags.step !== undefined && !steps.includes(flags.step))) {
      const wrong =
        lesson && flags.step !== undefined
          ? words.noStep(slug, flags.step, steps)
          : words.noLesson(slug, await suggest(slug))
      process.stderr.write(`learn-containers: ${wrong}\n`)
      process.exitCode = 2
    } else if (flags.terminal) {
      const { playLesson } = await import('./play.ts')
      await playLesson(lesson, { ...flags, language, present: true })
    } else await serveSite()
  })
}

export function serveCommand(
  words: CommandWords,
  _language: Language,
  serveSite: () => Promise<void>,
): Command {
  return servingOptions(new Command('serve'), words).description(words.commands.serve).action(serveSite)
}

function servingOptions(command: Command, { options }: CommandWords): Command {
  return command
    .option('--port <number>', options.port, '4400')
    .option('--open', options.open)
    .option('--class', options.class)
    .option('--host <address>', options.host, (one: string, all: string[] = []) => [...all, one])
    .option('--sandbox <where>', options.sandboxAbove, 'qemu')
    .option('--keep', options.keep)
}
