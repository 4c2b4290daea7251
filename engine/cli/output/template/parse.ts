// From the words of a Go template to a tree: actions, pipelines, operands.
//
//   {{range $i, $v := .RepoTags}}{{$i}}: {{$v | upper}}{{else}}none{{end}}
//
// The subset that people use with docker --format: fields, variables, functions, pipes,
// if, with, range, break, continue. Named templates (define, template, block) are
// refused by name. Pure. Next: engine/cli/output/template/evaluate.ts
import { type Piece, scan, type Token } from './scan.ts'
import { TemplateError } from './template-error.ts'

/** What has a value; `fields` are looked up in it one after the other. */
export type Operand =
  | { kind: 'dot'; fields: string[] }
  | { kind: 'variable'; name: string; fields: string[] }
  | { kind: 'pipeline'; pipeline: Pipeline; fields: string[] }
  | { kind: 'literal'; value: string | number | boolean | null }
  | { kind: 'function'; name: string }

/** An operand, or a function and its arguments. */
export type Command = readonly Operand[]

export interface Pipeline {
  /** Names before `:=` or `=`; two for a range. */
  variables: string[]
  /** `:=` makes a variable, `=` changes one that is there. */
  declares: boolean
  commands: Command[]
}

export interface Block<Kind> {
  kind: Kind
  pipeline: Pipeline
  body: Node[]
  otherwise: Node[]
}

export type Node =
  | { kind: 'text'; text: string }
  | { kind: 'print'; pipeline: Pipeline }
  | Block<'if'>
  | Block<'with'>
  | Block<'range'>
  | { kind: 'break' }
  | { kind: 'continue' }

/** @throws TemplateError with what is wrong */
export function parse(template: string): Node[] {
  const reader = new Reader(scan(template))
  const { nodes, end } = reader.block(0)
  if (end !== undefined) throw new TemplateError(`unexpected {{${end.source}}}: nothing is open`)
  return nodes
}

interface End {
  word: 'end' | 'else'
  rest: Token[]
  source: string
}

class Reader {
  readonly #pieces: Piece[]
  #at = 0

  constructor(pieces: Piece[]) {
    this.#pieces = pieces
  }

  /** Nodes up to the `end` or `else` that belongs to somebody outside. */
  block(depth: number): { nodes: Node[]; end?: End } {
    if (depth > 100) throw new TemplateError('blocks nested more than 100 deep')
    const nodes: Node[] = []
    for (;;) {
      const piece = this.#pieces[this.#at++]
      if (!piece) return { nodes }
      if ('text' in piece) {
        nodes.push({ kind: 'text', text: piece.text })
        continue
      }
      const [first, ...rest] = piece.action
      if (!first) throw new TemplateError('missing value for command: {{}} is empty')
      const word = first.kind === 'name' ? first.value : ''
      if (word === 'end' || word === 'else') return { nodes, end: { word, rest, source: piece.source } }
      if (word === 'if' || word === 'with' || word === 'range')
        nodes.push(this.#construct(word, rest, piece.source, depth))
      else if (word === 'break' || word === 'continue') nodes.push({ kind: word })
      else if (word === 'define' || word === 'template' || word === 'block')
        throw new TemplateError(`{{${word}}} is not known here: named templates are not part of --format`)
      else nodes.push({ kind: 'print', pipeline: pipelineOf(piece.action) })
    }
  }

  #construct(kind: 'if' | 'with' | 'range', words: Token[], source: string, depth: number): Node {
    if (words.length === 0) throw new TemplateError(`missing value for ${kind}`)
    const pipeline = pipelineOf(words)
    const { nodes: body, end } = this.block(depth + 1)
    if (!end) throw new TemplateError(`unexpected end of the template: {{${source}}} has no {{end}}`)
    if (end.word === 'end') return { kind, pipeline, body, otherwise: [] }
    // {{else if …}} is an if inside the else, with the same end.
    const [chained, ...rest] = end.rest
    if (chained) {
      if (chained.kind !== 'name' || (chained.value !== 'if' && chained.value !== 'with'))
        throw new TemplateError(`unexpected {{${end.source}}}`)
      const otherwise = [this.#construct(chained.value, rest, end.source.slice(4).trim(), depth + 1)]
      return { kind, pipeline, body, otherwise }
    }
    const { nodes: otherwise, end: last } = this.block(depth + 1)
    if (last?.word !== 'end')
      throw new TemplateError(`unexpected end of the template: {{${source}}} has no {{end}}`)
    return { kind, pipeline, body, otherwise }
  }
}

function pipelineOf(tokens: readonly Token[]): Pipeline {
  const assign = tokens.findIndex(({ kind, value }) => kind === 'mark' && (value === ':=' || value === '='))
  const variables = tokens
    .slice(0, Math.max(assign, 0))
    .filter(({ value }) => value !== ',')
    .map(({ kind, value }) => {
      if (kind !== 'variable') throw new TemplateError(`only a variable can stand before :=, not ${value}`)
      return value
    })
  const declares = tokens[assign]?.value === ':='
  const commands: Command[] = []
  let from = assign + 1
  let open = 0
  for (let at = from; at <= tokens.length; at++) {
    const token = tokens[at]
    if (token?.kind === 'mark' && token.value === '(') open++
    if (token?.kind === 'mark' && token.value === ')') open--
    if (token && !(open === 0 && token.kind === 'mark' && token.value === '|')) continue
    commands.push(commandOf(tokens.slice(from, at)))
    from = at + 1
  }
  return { variables, declares, commands }
}

function commandOf(tokens: readonly Token[]): Command {
  if (tokens.length === 0) throw new TemplateError('missing value for command: nothing beside a |')
  const operands: Operand[] = []
  for (let at = 0; at < tokens.length; ) {
    const { operand, next } = operandAt(tokens, at)
    operands.push(operand)
    at = next
  }
  return operands
}

function operandAt(tokens: readonly Token[], at: number): { operand: Operand; next: number } {
  const token = tokens[at]
  if (!token) throw new TemplateError('missing value')
  const { kind, value } = token
  if (kind === 'text') return { operand: { kind: 'literal', value }, next: at + 1 }
  if (kind === 'number') {
    const number = Number(value)
    if (Number.isNaN(number)) throw new TemplateError(`bad number syntax: "${value}"`)
    return { operand: { kind: 'literal', value: number }, next: at + 1 }
  }
  if (kind === 'name') {
    const literals: Record<string, boolean | null> = { true: true, false: false, nil: null }
    const literal = literals[value]
    if (literal !== undefined) return { operand: { kind: 'literal', value: literal }, next: at + 1 }
    return { operand: { kind: 'function', name: value }, next: at + 1 }
  }
  if (kind === 'field') {
    const { fields, next } = fieldsAfter(tokens, at)
    return { operand: { kind: 'dot', fields: [value.slice(1), ...fields] }, next }
  }
  if (kind === 'variable') {
    const { fields, next } = fieldsAfter(tokens, at)
    return { operand: { kind: 'variable', name: value, fields }, next }
  }
  if (value === '.') return { operand: { kind: 'dot', fields: [] }, next: at + 1 }
  if (value !== '(') throw new TemplateError(`unexpected "${value}"`)
  const close = closing(tokens, at)
  const { fields, next } = fieldsAfter(tokens, close)
  return { operand: { kind: 'pipeline', pipeline: pipelineOf(tokens.slice(at + 1, close)), fields }, next }
}

/** `.A.B` right behind what stands at `at`. */
function fieldsAfter(tokens: readonly Token[], at: number): { fields: string[]; next: number } {
  const fields: string[] = []
  let next = at + 1
  for (let token = tokens[next]; token?.kind === 'field' && !token.spaced; token = tokens[++next])
    fields.push(token.value.slice(1))
  return { fields, next }
}

function closing(tokens: readonly Token[], open: number): number {
  let depth = 0
  for (let at = open; at < tokens.length; at++) {
    const token = tokens[at]
    if (token?.kind !== 'mark') continue
    if (token.value === '(') depth++
    if (token.value === ')' && --depth === 0) return at
  }
  throw new TemplateError('unclosed left paren')
}
