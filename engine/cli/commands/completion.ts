// `tocker completion bash`: what makes the shell know our words. Printed from the table of
// verbs and their flags; names of containers and images are asked of the daemon when Tab is
// pressed, and when there is none, there are none.
//
//   source <(tocker completion bash)
import { UsageError } from '../flags.ts'
import { bashScript, fishScript, type Words, zshScript } from '../output/completion.ts'
import type { Verb } from '../verb.ts'

const shells = { bash: bashScript, zsh: zshScript, fish: fishScript }

export const verb: Verb = {
  usage: 'bash|zsh|fish',
  flags: [],
  arity: [1, 1],
  notes: `For this shell: source <(tocker completion bash)
For all to come, put it into ~/.bashrc; for fish: tocker completion fish > ~/.config/fish/completions/tocker.fish`,
  run: async ({ streams, verbs }, _flags, [shell = '']) => {
    if (!isShell(shell))
      throw new UsageError(
        `${shell} is no shell that is known here: there are ${Object.keys(shells).join(', ')}`,
        1,
      )
    // Every verb's file is loaded, this once.
    const words: Words[] = await Promise.all(
      verbs.map(async ({ names, summary, load }) => {
        const { verb: one } = await load()
        return {
          names,
          summary,
          flags: one.flags.flatMap(({ name, short }) => [
            `--${name}`,
            ...(short === undefined ? [] : [`-${short}`]),
          ]),
          objects: objectsOf(one.usage),
        }
      }),
    )
    streams.out(shells[shell](words))
    return 0
  },
}

function isShell(shell: string): shell is keyof typeof shells {
  return Object.hasOwn(shells, shell)
}

/** The usage says what the arguments are. */
function objectsOf(usage: string): Words['objects'] {
  if (/\bCONTAINER\b/.test(usage)) return 'containers'
  if (/\b(SOURCE_)?IMAGE\b/.test(usage)) return 'images'
  if (/\bNETWORK\b/.test(usage)) return 'networks'
  if (/\bVOLUME\b/.test(usage)) return 'volumes'
  return usage.includes('NAME|ID') ? 'containers' : 'files'
}
