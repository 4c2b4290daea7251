// A Go template, applied to a value. Pure.
//
// Called by every verb with --format. What a template asks for and the value does not
// have at its top is an error that names what is there; further down it is Go's
// `<no value>`, since labels and options may be missing in one image and there in the next.
import { arities, type Functions, functions, isTrue, kindOf } from './functions.ts'
import { goPrint, missing } from './go-print.ts'
import { type Block, type Command, type Node, type Operand, type Pipeline, parse } from './parse.ts'
import { TemplateError } from './template-error.ts'

export type Template = (value: unknown) => string

/**
 * @param own functions that count more than those of the same name
 * @throws TemplateError here for a template that cannot be read, from the result for one that asks for what is not there
 */
export function compileTemplate(source: string, own: Functions = {}): Template {
  const nodes = parse(source)
  checkFunctions(nodes)
  return (value) => {
    const run = new Run(value, { ...functions, ...own })
    run.nodes(nodes, value, new Map([['$', { value }]]))
    return run.output
  }
}

/** Go finds an unknown function while it reads, and not only when it comes by. */
function checkFunctions(nodes: readonly Node[]): void {
  const pipelineFunctions = ({ commands }: Pipeline): string[] =>
    commands.flat().flatMap((operand) => {
      if (operand.kind === 'function') return [operand.name]
      return operand.kind === 'pipeline' ? pipelineFunctions(operand.pipeline) : []
    })
  for (const node of nodes) {
    if (!('pipeline' in node)) continue
    for (const name of pipelineFunctions(node.pipeline)) {
      if (!Object.hasOwn(functions, name) && name !== 'and' && name !== 'or')
        throw new TemplateError(
          `function "${name}" not defined; there are ${['and', 'or', ...Object.keys(functions)].sort().join(' ')}`,
        )
    }
    if (node.kind !== 'print') {
      checkFunctions(node.body)
      checkFunctions(node.otherwise)
    }
  }
}

/** A variable is a box: a block inside sees the ones outside, and may change what is in them. */
type Scope = Map<string, { value: unknown }>
type Flow = 'break' | 'continue' | undefined

class Run {
  output = ''
  readonly #top: unknown
  readonly #functions: Functions

  constructor(top: unknown, known: Functions) {
    this.#top = top
    this.#functions = known
  }

  nodes(nodes: readonly Node[], dot: unknown, scope: Scope): Flow {
    for (const node of nodes) {
      const flow = this.#node(node, dot, scope)
      if (flow) return flow
    }
    return undefined
  }

  #node(node: Node, dot: unknown, scope: Scope): Flow {
    if (node.kind === 'text') this.output += node.text
    else if (node.kind === 'break' || node.kind === 'continue') return node.kind
    else if (node.kind === 'print') {
      const value = this.#pipeline(node.pipeline, dot, scope)
      if (node.pipeline.variables.length === 0) this.output += goPrint(value)
    } else if (node.kind === 'range') return this.#range(node, dot, scope)
    else {
      const inner = new Map(scope)
      const value = this.#pipeline(node.pipeline, dot, inner)
      const inside = node.kind === 'with' ? value : dot
      if (isTrue(value)) return this.nodes(node.body, inside, inner)
      return this.nodes(node.otherwise, dot, inner)
    }
    return undefined
  }

  #range(node: Block<'range'>, dot: unknown, scope: Scope): Flow {
    const list = this.#pipeline({ ...node.pipeline, variables: [] }, dot, scope)
    const [first, second] = node.pipeline.variables
    const entries = entriesOf(list)
    if (entries.length === 0) return this.nodes(node.otherwise, dot, scope)
    for (const [key, value] of entries) {
      const inner = new Map(scope)
      if (first !== undefined) inner.set(first, { value: second === undefined ? value : key })
      if (second !== undefined) inner.set(second, { value })
      if (this.nodes(node.body, value, inner) === 'break') break
    }
    return undefined
  }

  #pipeline({ variables, declares, commands }: Pipeline, dot: unknown, scope: Scope): unknown {
    let value: unknown
    for (const [at, command] of commands.entries())
      value = this.#command(command, dot, scope, at === 0 ? [] : [value])
    for (const name of variables) {
      const box = scope.get(name)
      if (declares) scope.set(name, { value })
      else if (box) box.value = value
      else throw new TemplateError(`undefined variable "${name}"`)
    }
    return value
  }

  #command(command: Command, dot: unknown, scope: Scope, piped: unknown[]): unknown {
    const [first, ...rest] = command
    if (!first) throw new TemplateError('missing value for command')
    if (first.kind !== 'function') {
      if (rest.length > 0 || piped.length > 0)
        throw new TemplateError(`can't give argument to non-function ${describe(first)}`)
      return this.#operand(first, dot, scope)
    }
    const { name } = first
    // These two stop at the first that decides, so that the others may ask for what is not there.
    if (name === 'and' || name === 'or') {
      let value: unknown = missing
      for (const operand of rest) {
        value = this.#operand(operand, dot, scope)
        if (isTrue(value) === (name === 'or')) return value
      }
      return piped.length > 0 ? piped[0] : value
    }
    const values = [...rest.map((operand) => this.#operand(operand, dot, scope)), ...piped]
    const [least, most] = arities[name] ?? [1, Number.POSITIVE_INFINITY]
    if (values.length < least || values.length > most)
      throw new TemplateError(
        `wrong number of args for ${name}: want ${least === most ? least : `at least ${least}`} got ${values.length}`,
      )
    return this.#functions[name]?.(...values)
  }

  #operand(operand: Operand, dot: unknown, scope: Scope): unknown {
    switch (operand.kind) {
      case 'literal':
        return operand.value
      case 'function':
        return this.#command([operand], dot, scope, [])
      case 'dot':
        return this.#fields(dot, operand.fields)
      case 'pipeline':
        return this.#fields(this.#pipeline(operand.pipeline, dot, scope), operand.fields)
      case 'variable': {
        const box = scope.get(operand.name)
        if (!box) throw new TemplateError(`undefined variable "${operand.name}"`)
        return this.#fields(box.value, operand.fields)
      }
    }
  }

  #fields(value: unknown, fields: readonly string[]): unknown {
    return fields.reduce<unknown>((inside, name) => {
      if (inside === missing || inside === null || inside === undefined)
        throw new TemplateError(`nil pointer evaluating .${name}: what it is asked of is not there`)
      if (typeof inside !== 'object' || Array.isArray(inside))
        throw new TemplateError(`can't evaluate field ${name} in ${kindOf(inside)}`)
      if (Object.hasOwn(inside, name)) return Reflect.get(inside, name)
      if (inside === this.#top)
        throw new TemplateError(`there is no field .${name}; there are ${Object.keys(inside).join(' ')}`)
      return missing
    }, value)
  }
}

function entriesOf(list: unknown): [unknown, unknown][] {
  if (Array.isArray(list)) return [...list.entries()]
  if (list === missing || list === null || list === undefined) return []
  // Go visits the keys of a map in their order.
  if (typeof list === 'object') return Object.entries(list).sort(([a], [b]) => (a < b ? -1 : 1))
  if (typeof list === 'number') return Array.from({ length: Math.min(list, 1e6) }, (_, at) => [at, at])
  throw new TemplateError(`range can't iterate over ${kindOf(list)}`)
}

function describe(operand: Operand): string {
  if (operand.kind === 'dot') return operand.fields.length === 0 ? '.' : `.${operand.fields.join('.')}`
  if (operand.kind === 'literal') return JSON.stringify(operand.value)
  return operand.kind === 'variable' ? operand.name : '(…)'
}
