// lesson.zh.md: the words of a lesson in another language, and nothing else.
//
// A translation repeats the steps and the order of their blocks. What has words
// is written again; what has none is named by one line, `::run`. Commands and
// check scripts exist once, in lesson.md:
//
//   ::::: step look-first 1a2b3c4d "宿主机看到了什么"
//   数一数这台机器上的进程。
//   ::run
//   ::: check "标题"
//   > the text of the script's first `lab fail`, in its order
//   :::
//   :::::
//
// The number is the hash of the English step's words: when they change, the
// linter asks for the translation again. `learn-containers new --zh` writes the
// frame of such a file.
//
// Called by catalogue.ts and linter.ts.
import { createHash } from 'node:crypto'
import { dirname, join } from 'node:path'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { type Node, parseDirectives } from './directives.ts'
import type { Block, Lesson, Step } from './lesson.ts'
import { LessonError } from './lesson-error.ts'

export interface Translation {
  /** The lesson with its words replaced. */
  lesson: Lesson
  /** Complaints about words that changed since, as `line: message`. */
  stale: { line: number; message: string }[]
}

const frontMatterSchema = z.strictObject({
  title: z.string().min(1),
  summary: z.string().min(1),
  hash: z.string(),
})

/** A call of `lab fail`, and what it says. */
const failCall = /lab fail "((?:[^"\\]|\\.)*)"/g

/** @param text of lesson.zh.md @param path for messages @throws LessonError when it does not fit the lesson */
export function translate(lesson: Lesson, text: string, path: string): Translation {
  const match = /^---\n([\s\S]*?)\n---\n/.exec(text)
  const front = frontMatterSchema.safeParse(parseYaml(match?.[1] ?? ''))
  if (!match || !front.success)
    throw new LessonError(
      path,
      1,
      'a translation begins with title, summary and hash between two lines of ---',
    )
  const head = match[0].split('\n').length - 1
  const nodes = parseDirectives(text.slice(match[0].length).split('\n'), path, head + 1)
  const stale: Translation['stale'] = []
  const compare = (line: number, what: string, written: string, now: string): void => {
    if (written !== now)
      stale.push({ line, message: `the English ${what} changed since: translate it again, and write ${now}` })
  }
  compare(1, 'title, summary, introduction or last word', front.data.hash, frameHash(lesson))
  const isStep = (node: Node): boolean => node.kind === 'container' && node.info.name === 'step'
  const first = nodes.findIndex(isStep)
  const last = nodes.findLastIndex(isStep)
  const written = nodes.filter(isStep).flatMap((node) => (node.kind === 'container' ? [node] : []))
  for (const node of written)
    if (!lesson.steps.some((step) => step.id === node.info.words[0]))
      throw new LessonError(path, node.line, `the lesson has no step ${node.info.words[0] ?? ''}`)
  const steps = lesson.steps.map((step, index): Step => {
    const node = written[index]
    if (node?.info.words[0] !== step.id)
      throw new LessonError(
        path,
        node?.line ?? 1,
        `the step ${step.id} is not translated, or stands elsewhere`,
      )
    const title = node.info.title ?? ''
    if (title === '') throw new LessonError(path, node.line, 'write ::::: step the-id hash "The title"')
    compare(node.line, 'step', node.info.words[1] ?? '', stepHash(step))
    return { ...step, title, blocks: new Translator(path, node.line).blocks(step, node.children) }
  })
  const frame = (id: string, part: readonly Node[]): Block[] =>
    new Translator(path, head + 1).blocks({ id, title: '', blocks: [] }, part)
  const { title, summary } = front.data
  return {
    stale,
    lesson: {
      ...{ ...lesson, language: 'zh', title, summary, steps, path },
      intro: frame('intro', first < 0 ? nodes : nodes.slice(0, first)),
      outro: frame('outro', first < 0 ? [] : nodes.slice(last + 1)),
    },
  }
}

/** Where the Chinese words of a lesson stand: beside the English ones. */
export function translationPath(path: string): string {
  return join(dirname(path), 'lesson.zh.md')
}

class Translator {
  readonly #path: string
  readonly #line: number

  constructor(path: string, line: number) {
    this.#path = path
    this.#line = line
  }

  /** The step's blocks in their order, prose wherever the translation has it. */
  blocks(step: Step, nodes: readonly Node[]): Block[] {
    const rest = step.blocks.filter((block) => block.type !== 'prose')
    let prose = 0
    const blocks = nodes.map((node): Block => {
      if (node.kind !== 'container')
        return {
          type: 'prose',
          id: `${step.id}/prose-${++prose}`,
          line: node.line,
          markdown: node.kind === 'text' ? node.text : node.source,
        }
      const block = rest.shift()
      if (block?.type !== node.info.name) {
        throw new LessonError(
          this.#path,
          node.line,
          `here the English step ${block ? `has a ${block.type}` : 'has ended'}, not a ${node.info.name}`,
        )
      }
      return this.#block(block, node)
    })
    if (rest[0])
      throw new LessonError(
        this.#path,
        this.#line,
        `the step ${step.id} lacks its ${rest[0].type} (${rest[0].id})`,
      )
    return blocks
  }

  #block(block: Block, node: Extract<Node, { kind: 'container' }>): Block {
    const markdown = node.children.map((child) => (child.kind === 'text' ? child.text : '')).join('\n\n')
    const lines = markdown.split('\n')
    const quoted = lines.flatMap((line) => /^> ?(.*)$/.exec(line)?.[1] ?? [])
    const title = (): string =>
      node.info.title ?? this.#fail(node.line, `this ${block.type} has a title in English: translate it`)
    switch (block.type) {
      case 'check':
        return { ...block, title: title(), script: this.#messages(block.script, quoted, node.line) }
      case 'predict': {
        const options = lines.flatMap((line) => /^- (.+)$/.exec(line)?.[1] ?? [])
        if (options.length !== block.options.length || quoted.length === 0)
          this.#fail(node.line, `a question with ${block.options.length} answers (- …) and why (> …)`)
        return {
          ...block,
          question: title(),
          options: block.options.map((option, index) => ({ ...option, text: options[index] ?? option.text })),
          explanation: quoted.join('\n'),
        }
      }
      case 'exercise':
        return { ...block, title: title(), markdown }
      case 'run':
      case 'prose':
        return block
      default:
        if ((block.markdown === '') !== (markdown === ''))
          this.#fail(
            node.line,
            `this ${block.type} ${markdown === '' ? 'has words in English' : 'has no words in English'}`,
          )
        return { ...block, markdown }
    }
  }

  /** The script with what it says to the learner replaced, one message after the other. */
  #messages(script: string, messages: readonly string[], line: number): string {
    const calls = [...script.matchAll(failCall)].length
    if (messages.length !== calls)
      this.#fail(
        line,
        `the check can say ${calls} things (lab fail): translate each in a line of its own, > …`,
      )
    let index = 0
    return script.replace(failCall, () => `lab fail "${(messages[index++] ?? '').replaceAll('"', '\\"')}"`)
  }

  #fail(line: number, message: string): never {
    throw new LessonError(this.#path, line, message)
  }
}

/** Changes with the English words of a step, and not with its commands. */
export function stepHash(step: Step): string {
  return digest([step.title, ...step.blocks.flatMap(wordsOf)])
}

export function frameHash(lesson: Lesson): string {
  return digest([lesson.title, lesson.summary, ...[...lesson.intro, ...lesson.outro].flatMap(wordsOf)])
}

function wordsOf(block: Block): string[] {
  if (block.type === 'check') return [block.title, ...failMessages(block.script)]
  if (block.type === 'predict')
    return [block.question, ...block.options.map((option) => option.text), block.explanation]
  if (block.type === 'exercise') return [block.title, block.markdown]
  return 'markdown' in block ? [block.markdown] : []
}

export function failMessages(script: string): string[] {
  return [...script.matchAll(failCall)].map((match) => match[1] ?? '')
}

function digest(words: readonly string[]): string {
  return createHash('sha256').update(words.join('\0')).digest('hex').slice(0, 8)
}
