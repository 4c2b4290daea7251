// What the kernel suite knows as `vitest`, where there is no room for vitest: inside
// the VM. guest.ts bundles the suite's files with this one in its place.
//
// vitest's own expect, and around it as much of describe(), test() and the hooks as the
// suite uses. Each test that is done is a line of JSON, which guest.ts waits for.
import { writeSync } from 'node:fs'
import { expect as matchers } from 'vitest'
import type { Report } from './guest.ts'

type Body = () => unknown
interface Group {
  name: string
  hooks: Record<'beforeAll' | 'beforeEach' | 'afterEach' | 'afterAll', Body[]>
}
interface Test {
  title: string
  group: Group
  body: Body
  fails: boolean
}

const tests: Test[] = []
let current: Group

/** One for each file, none inside another. */
export function describe(name: string, body: Body): void {
  current = { name, hooks: { beforeAll: [], beforeEach: [], afterEach: [], afterAll: [] } }
  body()
}
/** The suite asks for Linux and root: where this is listed they may be missing, where it runs they are there. */
describe.runIf = (_: unknown) => describe

const add = (name: string, body: Body, fails: boolean): void =>
  void tests.push({ title: `${current.name} > ${name}`, group: current, body, fails })
export const test = Object.assign((name: string, body: Body) => add(name, body, false), {
  fails: (name: string, body: Body) => add(name, body, true),
})

export const beforeAll = (body: Body) => void current.hooks.beforeAll.push(body)
export const beforeEach = (body: Body) => void current.hooks.beforeEach.push(body)
export const afterEach = (body: Body) => void current.hooks.afterEach.push(body)
export const afterAll = (body: Body) => void current.hooks.afterAll.push(body)

/** An emulated machine is ten times slower than the one whose patience the suite knows. */
const patience = 10

/** vitest's own poll() wants vitest around it. */
function poll(ask: () => unknown, { timeout = 10_000, interval = 50, message = '' } = {}) {
  const end = performance.now() + timeout * patience
  const matcher =
    (not: boolean, name: string) =>
    async (...args: unknown[]): Promise<void> => {
      for (;;) {
        try {
          const assertion = matchers(await ask(), message)
          const method: unknown = Reflect.get(not ? assertion.not : assertion, name)
          if (typeof method !== 'function') throw new TypeError(`expect() has no ${name}`)
          method.apply(not ? assertion.not : assertion, args)
          return
        } catch (error) {
          if (performance.now() > end) throw error
          await new Promise((resolve) => setTimeout(resolve, interval))
        }
      }
    }
  const matchersOf = (not: boolean): object =>
    new Proxy({}, { get: (_, name) => (name === 'not' ? matchersOf(true) : matcher(not, String(name))) })
  return matchersOf(false)
}
export const expect = Object.assign((value: unknown, message?: string) => matchers(value, message), {
  any: matchers.any,
  objectContaining: matchers.objectContaining,
  stringMatching: matchers.stringMatching,
  poll,
})

function say(report: Report): void {
  writeSync(1, `${JSON.stringify(report)}\n`)
}

/** Tests are known by their numbers, since rows of a table may share a title. */
async function run(wanted: ReadonlySet<number>): Promise<void> {
  let within: Group | undefined
  for (const [number, { group, body, fails }] of tests.entries()) {
    if (!wanted.has(number)) continue
    if (group !== within) {
      for (const hook of within?.hooks.afterAll ?? []) await hook()
      for (const hook of group.hooks.beforeAll) await hook()
      within = group
    }
    const begin = performance.now()
    const attempt = async (): Promise<string | undefined> => {
      const said = await outcome(group, body)
      return fails ? (said === undefined ? 'it passed, and should not' : undefined) : said
    }
    const first = await attempt()
    const error = first !== undefined && process.env.GUEST_RETRY ? await attempt() : first
    const milliseconds = Math.round(performance.now() - begin)
    const words = error !== undefined ? { error } : first !== undefined ? { first } : {}
    say({ number, milliseconds, ...words })
  }
  for (const hook of within?.hooks.afterAll ?? []) await hook()
}

/** Undefined when the test and the hooks around it passed, or why not. */
async function outcome({ hooks }: Group, body: Body): Promise<string | undefined> {
  const errors: unknown[] = []
  const attempt = (one: Body) =>
    Promise.resolve()
      .then(one)
      .catch((error: unknown) => errors.push(error))
  for (const hook of hooks.beforeEach) await attempt(hook)
  if (errors.length === 0) await attempt(body)
  for (const hook of hooks.afterEach) await attempt(hook)
  return errors.length === 0 ? undefined : errors.map(described).join('\n')
}

function described(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { actual, expected } = error as { actual?: unknown; expected?: unknown }
  const values = expected === undefined ? '' : `\nexpected: ${short(expected)}\nactual: ${short(actual)}`
  return `${error.stack ?? error.message}${values}`
}

function short(value: unknown): string {
  return (typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))).slice(0, 2000)
}

/** The bundle's last line: without arguments it prints the titles, else it runs the tests of these numbers. */
export async function main(numbers: readonly string[]): Promise<void> {
  if (numbers.length === 0) process.stdout.write(JSON.stringify(tests.map(({ title }) => title)))
  else await run(new Set(numbers.map(Number)))
}
