// Flags and arguments, read the way runc's callers write them.
//
// By hand, and not with commander, for two reasons. Managers start this program
// for every container and every look at one: commander takes 10 ms to load where
// Node takes 25 in all. And they write for Go's parser: `-bundle x` is `--bundle x`,
// `--all=false` is possible, and flags may come after the container's id.
import { EngineError } from '../../errors.ts'

export interface Flag {
  name: string
  /** One letter. */
  short?: string
  /** `list` may be given again and again. */
  kind: 'switch' | 'text' | 'list'
  help: string
}

/** Flags that were given, by their long names. */
export class Flags {
  readonly #given = new Map<string, string[]>()

  add(name: string, value: string): void {
    this.#given.set(name, [...(this.#given.get(name) ?? []), value])
  }

  has(name: string): boolean {
    return this.#given.has(name)
  }

  on(name: string): boolean {
    return this.text(name) === 'true'
  }

  /** The last one wins. */
  text(name: string): string | undefined {
    return this.#given.get(name)?.at(-1)
  }

  list(name: string): string[] {
    return this.#given.get(name) ?? []
  }

  /** A whole number. @throws EngineError `invalid` */
  integer(name: string): number | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    if (!/^[+-]?\d+$/.test(value) || !Number.isSafeInteger(Number(value)))
      throw new EngineError('invalid', `invalid value "${value}" for flag -${name}: it is not a whole number`)
    return Number(value)
  }
}

export interface Parsed {
  flags: Flags
  args: string[]
}

/**
 * Splits a command line. Pure.
 * @param passThrough the first argument ends the flags: what follows belongs to another program
 * @throws EngineError `invalid` in Go's words: `flag provided but not defined: -nope`
 */
export function parseArguments(
  words: readonly string[],
  known: readonly Flag[],
  passThrough: boolean,
): Parsed {
  const flags = new Flags()
  const args: string[] = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    if (word === '--') return { flags, args: [...args, ...words.slice(at + 1)] }
    // "-" alone is an argument: standard input.
    if (!word.startsWith('-') || word === '-') {
      if (passThrough) return { flags, args: words.slice(at) }
      args.push(word)
      continue
    }
    const [, name = '', inline] = /^--?([^=]*)(?:=([\s\S]*))?$/.exec(word) ?? []
    const flag = known.find((one) => one.name === name || one.short === name)
    if (flag === undefined) throw new EngineError('invalid', `flag provided but not defined: -${name}`)
    if (flag.kind === 'switch') flags.add(flag.name, truth(flag.name, inline ?? 'true'))
    // Whatever comes next is the value, even `-1`.
    else if (inline !== undefined) flags.add(flag.name, inline)
    else if (++at < words.length) flags.add(flag.name, words[at] ?? '')
    else throw new EngineError('invalid', `flag needs an argument: -${name}`)
  }
  return { flags, args }
}

/** strconv.ParseBool of Go. */
function truth(name: string, value: string): 'true' | 'false' {
  if (/^(1|t|true)$/i.test(value)) return 'true'
  if (/^(0|f|false)$/i.test(value)) return 'false'
  throw new EngineError('invalid', `invalid boolean value "${value}" for -${name}`)
}

/** The flags as `--help` lists them. */
export function describeFlags(flags: readonly Flag[]): string {
  const rows = flags.map(({ name, short, kind, help }) => {
    const value = kind === 'switch' ? '' : ' value'
    return [`--${name}${value}${short === undefined ? '' : `, -${short}${value}`}`, help] as const
  })
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, help]) => `   ${left.padEnd(width)}  ${help}\n`).join('')
}
