// `learn-containers new module/slug`: a lesson that parses, to be filled.
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { lessonPath } from './catalogue.ts'

/** Writes the template. @returns its path @throws when the name is not module/slug, or the lesson exists */
export async function newLesson(name: string): Promise<string> {
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
  return path
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
