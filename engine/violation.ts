// What is wrong with a document from outside, and where:
// `$.process.rlimits[1].soft: it is above the hard limit`.
//
// Called for config.json (libcontainer/config), for bodies of requests (daemon/server), and,
// for the place alone, by graph/document.ts.
//
// All of it at once. Whoever writes a config by hand mends ten mistakes in one
// go, and a manager's log names the one that its developer has to look for.
import type * as z from 'zod/mini'
import { EngineError } from './errors.ts'

export type Path = readonly PropertyKey[]

/** Longer lists help nobody, and a hostile config could make them megabytes long. */
const shown = 100

export class Violations {
  readonly #found: string[] = []

  add(path: Path, reason: string): void {
    this.#found.push(`${jsonPath(path)}: ${reason}`)
  }

  /** @throws EngineError `invalid` with every violation, in one line */
  throwIfAny(file: string): void {
    if (this.#found.length === 0) return
    const more = this.#found.length - shown
    const rest = more > 0 ? `; and ${more} more` : ''
    throw new EngineError('invalid', `${file}: ${this.#found.slice(0, shown).join('; ')}${rest}`)
  }
}

/** `$.linux.sysctl["a b"]`, `$.mounts[2].source`. */
export function jsonPath(path: Path): string {
  const steps = path.map((step) => {
    if (typeof step === 'number') return `[${step}]`
    const name = String(step)
    return /^[A-Za-z_]\w*$/.test(name) ? `.${name.slice(0, 80)}` : `[${JSON.stringify(name.slice(0, 80))}]`
  })
  return `$${steps.join('')}`
}

type Issue = z.core.$ZodIssue

/**
 * The schema's complaint in our words. zod/mini brings no texts of its own: they
 * would be loaded at every `create`, and are needed for the one that fails.
 */
export function reasonOf(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return 'it is missing'
      return `it must be ${article(issue.expected)}`
    case 'invalid_value':
      return `it must be one of ${issue.values.map(String).join(', ')}`
    case 'too_small':
      return issue.message !== 'Invalid input' ? issue.message : `it is below ${issue.minimum}`
    case 'too_big':
      return `it is above ${issue.maximum}`
    case 'invalid_key':
      return `its name is wrong: ${issue.issues.map(reasonOf).join(', ')}`
    case 'unrecognized_keys':
      return `it has no property ${issue.keys.map((key) => JSON.stringify(key.slice(0, 80))).join(', ')}`
    default:
      return issue.message === 'Invalid input' ? 'it has the wrong form' : issue.message
  }
}

const articles: Record<string, string> = {
  int: 'a whole number',
  number: 'a number',
  array: 'an array',
  object: 'an object',
  record: 'an object',
}

function article(expected: string): string {
  return articles[expected] ?? `a ${expected}`
}
