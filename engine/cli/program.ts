// The verbs of `tocker`, each in a file of its own.
import { Command } from 'commander'
import { packageVersion } from '../version.ts'
import { rootfsCommand } from './commands/rootfs.ts'
import { runCommand } from './commands/run.ts'

export function program(): Command {
  const tocker = new Command('tocker')
    .description('a small container engine, written to be read')
    .version(packageVersion())
    .showSuggestionAfterError()
    .enablePositionalOptions()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'tocker: ')) })
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 125))
    .addHelpText(
      'after',
      '\nA first container:\n  tocker rootfs box\n  tocker run --rootfs box --explain -- sh -c "ps; hostname"',
    )
  // addCommand() alone would leave the verbs with commander's own ways of failing.
  for (const verb of [runCommand(), rootfsCommand()]) tocker.addCommand(verb.copyInheritedSettings(tocker))
  return tocker
}
