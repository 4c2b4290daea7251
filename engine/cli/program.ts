// The verbs of `tocker`, each in a file of its own.
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { rootfsCommand } from './commands/rootfs.ts'
import { runCommand } from './commands/run.ts'

export function program(): Command {
  const tocker = new Command('tocker')
    .description('a small container engine, written to be read')
    .version(version())
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

/** The package's version; in the sandbox it stands beside the bundle. */
function version(): string {
  for (const path of ['./package.json', '../package.json', '../../package.json']) {
    try {
      return String(JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')).version)
    } catch {
      // Not there: the next place.
    }
  }
  return 'unknown'
}
