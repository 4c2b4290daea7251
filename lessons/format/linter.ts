// What parses and is still wrong: `learn-containers lint`.
//
// The parser refuses what it cannot read; this file reads as an editor would.
import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import type { Lesson } from './lesson.ts'
import { LessonError } from './lesson-error.ts'
import { failMessages, translate, translationPath } from './translation.ts'

/** Complaints as `path:line: message`; none means that the lesson is fit to publish. */
export async function lint(lesson: Lesson, slugs: readonly string[]): Promise<string[]> {
  const found: string[] = []
  const complain = (line: number, message: string): void =>
    void found.push(`${lesson.path}:${line}: ${message}`)
  for (const slug of lesson.after) if (!slugs.includes(slug)) complain(1, `after: there is no lesson ${slug}`)
  const directory = basename(dirname(dirname(lesson.path)))
  if (lesson.module !== directory)
    complain(1, `module: ${lesson.module}, and the lesson is in the directory ${directory}`)
  const blocks = lesson.steps.flatMap((step) => step.blocks)
  for (const block of blocks) {
    if (block.type === 'check' && cannotFail(block.script)) complain(block.line, 'this check cannot fail')
    if (block.type === 'check' && !block.script.includes('lab fail')) {
      complain(block.line, 'this check says nothing to the learner: lab fail "what was found instead"')
    }
    if (block.type === 'check' && failMessages(block.script).some(cutShort)) {
      complain(
        block.line,
        'quotes inside of $(…) end the message of lab fail: put the value into a variable first',
      )
    }
    if (block.type === 'source' && !lesson.sources.includes(block.file))
      complain(block.line, `sources in the front matter lacks ${block.file}`)
  }
  for (const run of blocks.flatMap((block) => (block.type === 'solution' ? block.runs : [block])))
    if (run.type === 'run' && !run.interactive && !run.background && startsShell(run.command))
      complain(run.line, 'this starts a shell, which does not end: mark it interactive')
  const used = new Set(blocks.flatMap((block) => (block.type === 'run' ? [block.terminal] : [])))
  for (const terminal of lesson.sandbox.terminals)
    if (!used.has(terminal)) complain(1, `nothing is ever typed into the terminal ${terminal}`)
  if (!blocks.some((block) => block.type === 'check')) complain(1, 'a lesson has a check')
  if (lesson.steps.at(-1)?.blocks.every((block) => block.type !== 'source')) {
    complain(
      lesson.steps.at(-1)?.blocks[0]?.line ?? 1,
      "the last step shows the engine's source that does the same",
    )
  }
  for (const id of ['break-it', 'prove-it'])
    if (!lesson.steps.some((step) => step.id === id)) complain(1, `there is no step ${id}`)
  found.push(...(await lintTranslation(lesson)))
  return found
}

/** Its last words are the name of a shell, without anything for the shell to do: it waits for the learner. */
function startsShell(command: string): boolean {
  const last = command.trimEnd().split('\n').at(-1) ?? ''
  const simple = last.split(/&&|\|\||[;|]/).at(-1) ?? ''
  const starter =
    /^\s*(?:\w+=\S*\s+)*(?:exec|env|chroot|unshare|nsenter|ip|su|setsid|setpriv|capsh|busybox|lxc-\w+|tocker|docker|(?:\S*\/)?(?:ba|da|a)?sh)\b/
  // Into a pipe, a shell reads what comes, and ends with it.
  return (
    !/\|[^|]*$/.test(last.replaceAll('||', '')) &&
    starter.test(simple) &&
    /(?:^|[\s/])(?:ba|da|a)?sh\s*$/.test(simple)
  )
}

/** A substitution that is opened and not closed: the message was read up to a quote that belongs to a command. */
function cutShort(message: string): boolean {
  return message.split('$(').length > message.split(')').length
}

function cannotFail(script: string): boolean {
  const lines = script
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  const last = lines.at(-1) ?? ''
  return lines.length === 0 || /^(true|:|exit 0)$/.test(last) || /\|\|\s*true$/.test(last)
}

/** lesson.zh.md may be missing, not wrong. */
async function lintTranslation(lesson: Lesson): Promise<string[]> {
  const path = translationPath(lesson.path)
  const text = await readFile(join(packageRoot(), path), 'utf8').catch(() => undefined)
  if (text === undefined) return []
  try {
    return translate(lesson, text, path).stale.map(({ line, message }) => `${path}:${line}: ${message}`)
  } catch (error) {
    if (error instanceof LessonError) return [error.message]
    throw error
  }
}
