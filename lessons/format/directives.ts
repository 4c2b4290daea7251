// The outer shape of a lesson: containers (`:::`), fences (```) and text.
//
// A lesson is Markdown with containers in the syntax that VitePress knows. They
// nest by their number of colons: a step has five, what is inside has three. Two
// colons are a container without content, on one line: `::run`.
// Text between them is left alone; each reader renders it with markdown-it.
//
// Called by parser.ts, which gives the names their meaning.
import { LessonError } from './lesson-error.ts'

export type Node =
  | { kind: 'text'; line: number; text: string }
  | { kind: 'fence'; line: number; info: Info; body: string; source: string }
  | { kind: 'container'; line: number; info: Info; children: Node[] }

/** `sh run terminal=inside "Title"`: a name, then words, `key=value` pairs and one title. */
export interface Info {
  name: string
  words: string[]
  attributes: Record<string, string>
  title?: string
}

/** @param firstLine number of the first line, for messages */
export function parseDirectives(lines: readonly string[], path: string, firstLine: number): Node[] {
  const reader = { lines, path, at: 0, firstLine }
  const nodes = readNodes(reader, 0)
  return nodes
}

interface Reader {
  lines: readonly string[]
  path: string
  at: number
  firstLine: number
}

/** Reads until the end, or until a line of `colons` colons closes the container that we are in. */
function readNodes(reader: Reader, colons: number): Node[] {
  const nodes: Node[] = []
  let text: string[] = []
  let textStart = reader.at
  const flush = (): void => {
    const body = text.join('\n').replace(/^\n+|\s+$/g, '')
    if (body !== '') nodes.push({ kind: 'text', line: reader.firstLine + textStart, text: body })
    text = []
  }
  const opened = reader.firstLine + reader.at - 1
  while (reader.at < reader.lines.length) {
    const line = reader.lines[reader.at] ?? ''
    const container = /^(:{3,})\s*(\S.*)?$/.exec(line)
    const fence = /^(`{3,}|~{3,})(.*)$/.exec(line)
    const leaf = /^::([a-z].*)$/.exec(line)
    if (leaf) {
      flush()
      const at = reader.firstLine + reader.at++
      nodes.push({
        kind: 'container',
        line: at,
        info: parseInfo(leaf[1] ?? '', reader.path, at),
        children: [],
      })
      textStart = reader.at
      continue
    }
    if (container && container[2] === undefined) {
      if (colons === 0)
        throw new LessonError(
          reader.path,
          reader.firstLine + reader.at,
          'this closes a container that was never opened',
        )
      if (container[1]?.length !== colons) {
        throw new LessonError(
          reader.path,
          reader.firstLine + reader.at,
          `expected ${':'.repeat(colons)} to close the container of line ${opened}`,
        )
      }
      flush()
      reader.at++
      return nodes
    }
    if (container || fence) {
      flush()
      nodes.push(
        container
          ? readContainer(reader, container[1] ?? '', container[2] ?? '')
          : readFence(reader, fence?.[1] ?? '', fence?.[2] ?? ''),
      )
      textStart = reader.at
    } else {
      if (text.length === 0) textStart = reader.at
      text.push(line)
      reader.at++
    }
  }
  if (colons > 0)
    throw new LessonError(
      reader.path,
      opened,
      `this container is never closed: ${':'.repeat(colons)} is missing`,
    )
  flush()
  return nodes
}

function readContainer(reader: Reader, colons: string, info: string): Node {
  const line = reader.firstLine + reader.at
  reader.at++
  return {
    kind: 'container',
    line,
    info: parseInfo(info, reader.path, line),
    children: readNodes(reader, colons.length),
  }
}

function readFence(reader: Reader, mark: string, info: string): Node {
  const line = reader.firstLine + reader.at
  const start = ++reader.at
  while (reader.at < reader.lines.length && reader.lines[reader.at]?.trimEnd() !== mark) reader.at++
  if (reader.at === reader.lines.length)
    throw new LessonError(reader.path, line, `this code block is never closed: ${mark} is missing`)
  const body = reader.lines.slice(start, reader.at).join('\n')
  reader.at++
  return {
    kind: 'fence',
    line,
    info: parseInfo(info, reader.path, line),
    body,
    source: `${mark}${info}\n${body}\n${mark}`,
  }
}

/** Words of an info string. Values may hold spaces in `"…"`, `/…/` and `$(…)`. */
function parseInfo(info: string, path: string, line: number): Info {
  const value = String.raw`"(?:[^"\\]|\\.)*"|/(?:[^/\\]|\\.)*/(?=\s|$)|\$\((?:[^()]|\([^()]*\))*\)|[^\s"]+`
  const token = new RegExp(String.raw`\s*(?:([\w-]+)=(${value})|(${value}))`, 'gy')
  const result: Info = { name: '', words: [], attributes: {} }
  let end = 0
  for (let match = token.exec(info); match; match = token.exec(info)) {
    end = token.lastIndex
    const [, key, attribute, word] = match
    if (key !== undefined && attribute !== undefined) result.attributes[key] = unquote(attribute)
    else if (word?.startsWith('"')) result.title = unquote(word)
    else if (result.name === '') result.name = word ?? ''
    else result.words.push(word ?? '')
  }
  if (info.slice(end).trim() !== '')
    throw new LessonError(path, line, `cannot read "${info.slice(end).trim()}": a quote is missing?`)
  return result
}

function unquote(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text
}
