// `learn-containers new module/slug`: a lesson that parses, to be filled. And
// `new --zh`: the frame of its translation, with the English words in place.
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { findLesson, lessonPath } from './catalogue.ts'
import type { Block, Lesson } from './lesson.ts'
import { addToModules } from './modules-file.ts'
import { failMessages, frameHash, stepHash, translationPath } from './translation.ts'

/** Writes the template, and the lesson's name into modules.yaml. @returns its path, and whether there is such a module @throws when the name is not module/slug, or the lesson exists */
export async function newLesson(name: string): Promise<{ path: string; listed: boolean }> {
  const [, module, slug] = /^([a-z0-9-]+)\/([a-z0-9-]+)$/.exec(name) ?? []
  if (module === undefined || slug === undefined)
    throw new Error(`not a lesson's name: ${name}: write module/slug, as namespaces/unshare-uts`)
  const path = lessonPath(module, slug)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, template(module, slug), { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    throw new Error(
      error.code === 'EEXIST' ? `${path} exists already` : `cannot write ${path}: ${error.message}`,
    )
  })
  return { path, listed: await addToModules(module, slug) }
}

function template(module: string, slug: string): string {
  return `---
slug: ${slug}
title: One sentence that a learner would say afterwards
summary: What you do, and what you see.
module: ${module}
minutes: 8
after: []
sandbox: { root: true, terminals: [host] }
sources: [engine/libcontainer/namespaces.ts]
---
What you will find out, and why it matters.

::::: step look-first "What is there before"
\`\`\`sh run
hostname
\`\`\`
:::::

::::: step break-it "Without it"
What fails without the thing that this lesson teaches.
:::::

::::: step prove-it "What the kernel says"
\`\`\`sh run
readlink /proc/self/ns/uts
\`\`\`
::: check "Say what is true now"
\`\`\`sh
test -e /root/proof || lab fail "There is no /root/proof yet."
\`\`\`
:::
::: hint
The first nudge.
:::
:::::

::::: step source "How tocker does it"
::: source engine/libcontainer/namespaces.ts#unshare
:::
:::::
`
}

/** Writes lesson.zh.md with the English words, to be translated. @returns its path @throws when it exists, or the lesson does not */
export async function newTranslation(name: string): Promise<string> {
  const slug = name.split('/').at(-1) ?? ''
  const lesson = await findLesson(slug)
  if (!lesson) throw new Error(`there is no lesson ${slug}`)
  const path = translationPath(lessonPath(lesson.module, slug))
  await writeFile(path, frame(lesson), { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    throw new Error(
      error.code === 'EEXIST' ? `${path} exists already` : `cannot write ${path}: ${error.message}`,
    )
  })
  return path
}

function frame(lesson: Lesson): string {
  const steps = lesson.steps.map(
    (step) =>
      `::::: step ${step.id} ${stepHash(step)} "${step.title}"\n${step.blocks.map(blockFrame).join('\n\n')}\n:::::\n`,
  )
  const prose = (blocks: readonly Block[]): string => blocks.map(blockFrame).join('\n\n')
  const head = `---\ntitle: ${JSON.stringify(lesson.title)}\nsummary: ${JSON.stringify(lesson.summary)}\nhash: "${frameHash(lesson)}"\n---\n`
  return [head, prose(lesson.intro), '', ...steps, prose(lesson.outro), ''].join('\n')
}

function blockFrame(block: Block): string {
  const quote = (text: string): string => text.replaceAll(/^/gm, '> ')
  const container = (title: string, ...body: string[]): string =>
    [`::: ${block.type}${title === '' ? '' : ` "${title.replaceAll('"', '\\"')}"`}`, ...body, ':::'].join(
      '\n',
    )
  switch (block.type) {
    case 'prose':
      return block.markdown
    case 'run':
      return '::run'
    case 'check':
      return container(block.title, ...failMessages(block.script).map(quote))
    case 'predict':
      return container(
        block.question,
        ...block.options.map(({ text }) => `- ${text}`),
        quote(block.explanation),
      )
    case 'exercise':
      return container(block.title, block.markdown)
    default:
      return block.markdown === '' ? `::${block.type}` : container('', block.markdown)
  }
}
