// What `--help` prints, in the form of Docker's client. Pure.
import type { Flag } from './flags.ts'
import type { Verb } from './verb.ts'

const width = 80

/** @param name how the verb was called: `image ls` @param aliases all its spellings, when there are several */
export function verbHelp(name: string, summary: string, verb: Verb, aliases: readonly string[]): string {
  const alias =
    aliases.length > 1 ? `\nAliases:\n  ${aliases.map((one) => `tocker ${one}`).join(', ')}\n` : ''
  const options = verb.flags.length > 0 ? `\nOptions:\n${describeFlags(verb.flags)}` : ''
  const notes = verb.notes === undefined ? '' : `\n${wrap(verb.notes, width).join('\n')}\n`
  return `${verbUsage(name, verb)}\n\n${summary}\n${alias}${options}${notes}`
}

function verbUsage(name: string, verb: Verb): string {
  return `Usage:  tocker ${name}${verb.usage === '' ? '' : ` ${verb.usage}`}`
}

/** Two columns, the right one wrapped at 80. */
export function describeFlags(flags: readonly Flag[]): string {
  const sorted = flags.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const rows = sorted.map(({ name, short, value, choices, help }) => {
    const letter = short === undefined ? '    ' : `-${short}, `
    const shown = value === undefined ? '' : choices ? `[=${choices.join('|')}]` : ` ${value}`
    return [`${letter}--${name}${shown}`, help] as const
  })
  return twoColumns(rows)
}

export function twoColumns(rows: readonly (readonly [left: string, right: string])[]): string {
  const left = Math.max(...rows.map(([one]) => one.length)) + 3
  return rows
    .map(([one, text]) => {
      const lines = wrap(text, Math.max(width - left - 2, 24))
      return `  ${one.padEnd(left)}${lines.join(`\n${' '.repeat(left + 2)}`)}\n`
    })
    .join('')
}

function wrap(text: string, most: number): string[] {
  const lines: string[] = []
  for (const paragraph of text.split('\n')) {
    let line = ''
    for (const word of paragraph.split(' ')) {
      if (line !== '' && line.length + 1 + word.length > most) {
        lines.push(line)
        line = word
      } else line += `${line === '' ? '' : ' '}${word}`
    }
    lines.push(line)
  }
  return lines
}
