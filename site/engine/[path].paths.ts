// One page per file of the engine, so that the links of engine/README.md lead
// to the source here as they do in the repository. Read-only, with line numbers;
// the config makes a link of the `Next:` in a file's header.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { packageRoot } from '../../sandbox-vm/package-root.ts'

export default {
  watch: ['../../engine/**/*'],
  async paths() {
    const engine = join(packageRoot(), 'engine')
    const names = await readdir(engine, { recursive: true, withFileTypes: true })
    // The story is the index beside this file.
    const files = names.filter((entry) => entry.isFile() && entry.name !== 'README.md')
    return Promise.all(
      files.map(async (file) => {
        const path = join(file.parentPath, file.name).slice(engine.length + 1)
        const text = await readFile(join(engine, path), 'utf8')
        if (path.endsWith('.md')) return { params: { path: path.slice(0, -3) }, content: withoutTests(text) }
        return { params: { path }, content: page(path, text) }
      }),
    )
  },
}

/** Links into other rooms lead nowhere here: their words stay. */
function withoutTests(markdown: string): string {
  return markdown.replaceAll(/\[([^\]]+)\]\(\.\.\/\.\.\/[^)]*\)/g, '$1')
}

/** Markdown: where we are, and the file in a fence that no file closes by itself. */
function page(path: string, code: string): string {
  const language = /\.(ts|json)$/.exec(path)?.[1] ?? 'sh'
  return `# ${path}

A file of the engine, as it runs. The way through it begins at [How tocker runs a container](/engine/).

\`\`\`\`\`\`${language}:line-numbers
${code.trimEnd()}
\`\`\`\`\`\`
`
}
