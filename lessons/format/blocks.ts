// What stands in a step, block by block: gives each container and fence its type.
//
// Called by parser.ts. Every attribute is known or refused, since a misspelt
// `statuss=0` would be a check that silently never happens.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { closest } from 'fastest-levenshtein'
import type { Info, Node } from './directives.ts'
import type { Block, PredictBlock, RunBlock, WatchView } from './lesson.ts'
import { LessonError } from './lesson-error.ts'
import { readRegion } from './region.ts'

interface Place {
  path: string
  /** Directory of lesson.md, where files/ is. */
  directory: string
  terminals: readonly string[]
}

type Container = Extract<Node, { kind: 'container' }>
type Fence = Extract<Node, { kind: 'fence' }>
const containers = ['check', 'predict', 'hint', 'solution', 'exercise', 'source', 'watch', 'note']
const views: readonly WatchView[] = ['namespaces', 'processes', 'cgroup', 'layers', 'network']

export class BlockReader {
  readonly #place: Place

  constructor(place: Place) {
    this.#place = place
  }

  async read(nodes: readonly Node[], step: string): Promise<Block[]> {
    const blocks: Block[] = []
    const counts = new Map<string, number>()
    const nextId = (type: string): string => {
      const count = (counts.get(type) ?? 0) + 1
      counts.set(type, count)
      return `${step}/${type}-${count}`
    }
    for (const node of nodes) {
      if (node.kind === 'text')
        blocks.push({ type: 'prose', id: nextId('prose'), line: node.line, markdown: node.text })
      else if (node.kind === 'container') blocks.push(await this.#container(node, nextId))
      else if (node.info.words.includes('run')) blocks.push(this.#run(node, nextId('run'), ['run']))
      // Any other code block is something to read.
      else blocks.push({ type: 'prose', id: nextId('prose'), line: node.line, markdown: node.source })
    }
    return blocks
  }

  async #container(node: Container, nextId: (type: string) => string): Promise<Block> {
    const { line, info } = node
    const type = info.name
    const head = { id: nextId(type), line }
    switch (type) {
      case 'check':
        this.#allow(info, line, [], [])
        return { type, ...head, title: this.#title(node), script: this.#onlyFence(node).body }
      case 'predict':
        this.#allow(info, line, [], [])
        return this.#predict(node, head)
      case 'hint':
      case 'note':
        this.#allow(info, line, [], [])
        return { type, ...head, markdown: this.#markdown(node) }
      case 'solution': {
        this.#allow(info, line, [], [])
        const fences = node.children.filter((child) => child.kind === 'fence')
        const runs = fences.map((fence, index) => this.#run(fence, `${head.id}/run-${index + 1}`, []))
        return { type, ...head, markdown: this.#markdown(node, true), runs }
      }
      case 'exercise':
        return await this.#exercise(node, head)
      case 'source': {
        const [file = '', region = ''] = (info.words[0] ?? '').split('#')
        this.#allow({ ...info, words: info.words.slice(1) }, line, [], [])
        const found = await readRegion(file, region).catch((error: Error) => this.#fail(line, error.message))
        return { type, ...head, file, region, ...found, markdown: this.#markdown(node) }
      }
      case 'watch': {
        const view = views.find((one) => one === info.words[0])
        if (!view) return this.#fail(line, `no view ${info.words[0] ?? ''}: there are ${views.join(', ')}`)
        return { type, ...head, view, args: info.attributes, markdown: this.#markdown(node) }
      }
      default:
        return this.#fail(line, `no block ${type}: did you mean ${closest(type, containers)}?`)
    }
  }

  #run(fence: Fence, id: string, words: readonly string[]): RunBlock {
    const { info, line } = fence
    this.#allow(
      info,
      line,
      [...words, 'interactive', 'background'],
      ['terminal', 'expect', 'status', 'timeout'],
    )
    const { terminal = this.#place.terminals[0] ?? '', expect, status, timeout } = info.attributes
    if (info.name !== 'sh') this.#fail(line, `what is run is a shell command: write sh, not ${info.name}`)
    if (!this.#place.terminals.includes(terminal)) {
      this.#fail(line, `no terminal ${terminal}: front matter names ${this.#place.terminals.join(', ')}`)
    }
    return {
      type: 'run',
      ...{ id, line, terminal, command: fence.body },
      interactive: info.words.includes('interactive'),
      background: info.words.includes('background'),
      ...(expect === undefined ? {} : { expect: this.#pattern(expect, line) }),
      ...(status === undefined ? {} : { status: this.#number('status', status, line) }),
      timeout: timeout === undefined ? 30 : this.#number('timeout', timeout, line),
    }
  }

  #predict(node: Container, head: { id: string; line: number }): PredictBlock {
    const lines = node.children.flatMap((child) => (child.kind === 'text' ? child.text.split('\n') : []))
    const options = lines.flatMap((text) => {
      const match = /^- \[([ x])\] (.+)$/.exec(text)
      return match ? [{ text: match[2] ?? '', correct: match[1] === 'x' }] : []
    })
    const explanation = lines.flatMap((text) => /^> ?(.*)$/.exec(text)?.[1] ?? []).join('\n')
    if (options.length < 2 || !options.some((option) => option.correct)) {
      this.#fail(node.line, 'a question has two answers or more (- [ ] …), and a right one (- [x] …)')
    }
    if (explanation === '') this.#fail(node.line, 'a question explains its answer (> …)')
    return { type: 'predict', ...head, question: this.#title(node), options, explanation }
  }

  async #exercise(node: Container, head: { id: string; line: number }): Promise<Block> {
    const { info, line } = node
    this.#allow(info, line, [], ['file', 'starter', 'language'])
    const { file = '', starter = '', language = 'shell' } = info.attributes
    if (!file.startsWith('/')) this.#fail(line, 'an exercise names its file in the sandbox: file=/root/…')
    const read = (name: string): Promise<string> =>
      readFile(join(this.#place.directory, 'files', name), 'utf8').catch(() =>
        this.#fail(line, `there is no files/${name} beside the lesson`),
      )
    return {
      type: 'exercise',
      ...{ ...head, title: this.#title(node), file, language },
      starter: await read(starter),
      solution: await read(`${starter}.solution`),
      markdown: this.#markdown(node),
    }
  }

  #title(node: Container): string {
    return (
      node.info.title ?? this.#fail(node.line, `${node.info.name} has a title: ::: ${node.info.name} "…"`)
    )
  }

  #onlyFence(node: Container): Fence {
    const fences = node.children.filter((child) => child.kind === 'fence')
    const [fence] = fences
    if (!fence || fences.length > 1 || fence.info.name !== 'sh')
      return this.#fail(node.line, `${node.info.name} holds one sh block`)
    return fence
  }

  #markdown(node: Container, withoutFences = false): string {
    const nested = node.children.find((child) => child.kind === 'container')
    if (nested) this.#fail(nested.line, `nothing nests in ${node.info.name}`)
    return node.children
      .flatMap((child) =>
        child.kind === 'text' ? [child.text] : child.kind === 'fence' && !withoutFences ? [child.source] : [],
      )
      .join('\n\n')
  }

  #allow(info: Info, line: number, words: readonly string[], attributes: readonly string[]): void {
    const known = [...words, ...attributes.map((name) => `${name}=`)]
    const given = [...info.words, ...Object.keys(info.attributes).map((name) => `${name}=`)]
    const unknown = given.find((one) => !known.includes(one))
    if (unknown === undefined) return
    this.#fail(
      line,
      known.length > 0
        ? `no attribute ${unknown}: did you mean ${closest(unknown, known)}?`
        : `${info.name} takes no ${unknown}`,
    )
  }

  #pattern(text: string, line: number): string {
    const source = /^\/(.*)\/$/.exec(text)?.[1]
    try {
      if (source !== undefined) return new RegExp(source, 'm').source
    } catch {
      // Falls through to the message.
    }
    return this.#fail(line, `expect is a regular expression between slashes, on one line: not ${text}`)
  }

  #number(name: string, text: string, line: number): number {
    return /^\d+$/.test(text) ? Number(text) : this.#fail(line, `${name} is a number, not ${text}`)
  }

  #fail(line: number, message: string): never {
    throw new LessonError(this.#place.path, line, message)
  }
}
