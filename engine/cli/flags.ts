// Flags and arguments, read as Docker's client reads them (pflag, of Go's cobra).
//
//   tocker images -aq --format=json --no-trunc busybox
//                 ^ two switches   ^ value with = or as the next word
//
// By hand, and not with commander: `-a=false`, `--human=false` and `--all` after an
// argument are things that people type for Docker and commander knows nothing of, and
// it takes 10 ms to load where Node takes 25 in all. tocker-runtime has a parser of its
// own for the same reason: runc's callers write for another one.
import { EngineError } from '../errors.ts'

export interface Flag {
  name: string
  /** One letter. */
  short?: string
  /** What the value is, as the help names it: `string`, `list`, `bytes`; left out for a switch. */
  value?: string
  /** May be given again and again. */
  list?: boolean
  /** The value may be left out, and is then the first of these; others are refused. */
  choices?: readonly string[]
  /** Is it on when it is not given? */
  on?: boolean
  help: string
}

/** A mistake on the command line: what was wrong with it, and status 125, as Docker has it. */
export class UsageError extends EngineError {
  constructor(message: string, exitStatus = 125) {
    super('invalid', message, { exitStatus })
    this.name = 'UsageError'
  }
}

/** The flags that were given, by their long names. */
export class Flags {
  readonly #known: readonly Flag[]
  readonly #given = new Map<string, string[]>()

  constructor(known: readonly Flag[]) {
    this.#known = known
  }

  add(name: string, value: string): void {
    this.#given.set(name, [...(this.#given.get(name) ?? []), value])
  }

  has(name: string): boolean {
    return this.#given.has(name)
  }

  /** Of all that were given. */
  names(): string[] {
    return [...this.#given.keys()]
  }

  on(name: string): boolean {
    return this.#given.get(name)?.at(-1) === 'true' || (!this.has(name) && this.flag(name).on === true)
  }

  /** The last one wins. */
  text(name: string): string | undefined {
    return this.#given.get(this.flag(name).name)?.at(-1)
  }

  list(name: string): string[] {
    return this.#given.get(this.flag(name).name) ?? []
  }

  /** The value as `parse` reads it, which throws what is wrong with it. @throws UsageError */
  value<T>(name: string, parse: (text: string) => T): T | undefined {
    const text = this.text(name)
    return text === undefined ? undefined : this.#read(name, text, parse)
  }

  values<T>(name: string, parse: (text: string) => T): T[] {
    return this.list(name).map((text) => this.#read(name, text, parse))
  }

  #read<T>(name: string, text: string, parse: (text: string) => T): T {
    try {
      return parse(text)
    } catch (error) {
      throw invalid(this.flag(name), text, error instanceof Error ? error.message : String(error))
    }
  }

  flag(name: string): Flag {
    const flag = this.#known.find((one) => one.name === name)
    if (!flag) throw new Error(`the verb has no flag --${name}`)
    return flag
  }
}

/**
 * Splits a command line. Pure.
 * @param options.passThrough the first argument ends the flags: what follows belongs to another program
 * @throws UsageError in Docker's words: `unknown flag: --nope`
 */
export function parseFlags(
  words: readonly string[],
  known: readonly Flag[],
  options: { passThrough?: boolean } = {},
): { flags: Flags; args: string[] } {
  const flags = new Flags(known)
  const args: string[] = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    if (word === '--') return { flags, args: [...args, ...words.slice(at + 1)] }
    // "-" alone is an argument: standard input.
    if (!word.startsWith('-') || word === '-') {
      if (options.passThrough) return { flags, args: words.slice(at) }
      args.push(word)
      continue
    }
    const used = word.startsWith('--')
      ? long(word, words[at + 1], known, flags)
      : short(word, words[at + 1], known, flags)
    if (used) at++
  }
  return { flags, args }
}

/** @returns whether `next` was taken as the value */
function long(word: string, next: string | undefined, known: readonly Flag[], flags: Flags): boolean {
  const [, name = '', inline] = /^--([^=]*)(?:=([\s\S]*))?$/.exec(word) ?? []
  const flag = known.find((one) => one.name === name)
  if (!flag) throw new UsageError(`unknown flag: --${name}`)
  return take(flag, inline, next, flags, `--${name}`)
}

/** `-a`, `-aq`, `-f value`, `-fvalue`, `-f=value`. */
function short(word: string, next: string | undefined, known: readonly Flag[], flags: Flags): boolean {
  for (let at = 1; at < word.length; at++) {
    const flag = known.find((one) => one.short === word[at])
    if (!flag) throw new UsageError(`unknown shorthand flag: '${word[at]}' in ${word}`)
    const rest = word.slice(at + 1)
    const alone = flag.value === undefined || flag.choices !== undefined
    if (alone && !rest.startsWith('=')) {
      take(flag, undefined, undefined, flags, word)
      continue
    }
    const inline = rest === '' ? undefined : rest.replace(/^=/, '')
    return take(flag, inline, next, flags, `'${word[at]}' in ${word}`)
  }
  return false
}

function take(
  flag: Flag,
  inline: string | undefined,
  next: string | undefined,
  flags: Flags,
  shown: string,
): boolean {
  if (flag.value === undefined) {
    flags.add(flag.name, truth(flag, inline ?? 'true'))
    return false
  }
  if (flag.choices) {
    // `--explain json` and `--explain -- ps`: the next word counts when it is one of the choices.
    const follows = inline === undefined && next !== undefined && flag.choices.includes(next)
    const value = inline ?? (follows ? next : (flag.choices[0] ?? ''))
    if (!flag.choices.includes(value)) throw invalid(flag, value, `it is ${flag.choices.join(' or ')}`)
    flags.add(flag.name, value)
    return follows
  }
  // Whatever comes next is the value, even `-1`.
  const value = inline ?? next
  if (value === undefined) throw new UsageError(`flag needs an argument: ${shown}`)
  flags.add(flag.name, value)
  return inline === undefined
}

/** strconv.ParseBool of Go. */
function truth(flag: Flag, value: string): 'true' | 'false' {
  if (/^(1|t|T|true|True|TRUE)$/.test(value)) return 'true'
  if (/^(0|f|F|false|False|FALSE)$/.test(value)) return 'false'
  throw invalid(flag, value, 'it is true or false')
}

function invalid(flag: Flag, value: string, reason: string): UsageError {
  const shown = flag.short === undefined ? `--${flag.name}` : `-${flag.short}, --${flag.name}`
  return new UsageError(`invalid argument "${value}" for "${shown}" flag: ${reason}`)
}
