// An exercise's file in the learner's own editor.
//
// Called by ui.tsx, which has left keyboard and screen to the editor. The file
// is a copy on this machine; what comes of it the caller puts into the sandbox.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { execa } from 'execa'
import type { TerminalWords } from '../language/terminal.ts'

/** Resolves with the new text, or undefined when nothing was changed. @throws when there is no editor */
export async function editText(
  name: string,
  text: string,
  { notices }: TerminalWords,
): Promise<string | undefined> {
  const directory = await mkdtemp(join(tmpdir(), 'learn-containers-'))
  const path = join(directory, basename(name))
  try {
    await writeFile(path, text)
    const editor = process.env.VISUAL || process.env.EDITOR || 'vi'
    // By a shell, since EDITOR may hold arguments: "code --wait".
    const { exitCode } = await execa('sh', ['-c', `${editor} "$1"`, 'sh', path], {
      stdio: 'inherit',
      reject: false,
    })
    if (exitCode === 127) throw new Error(notices.noEditor(editor))
    const edited = await readFile(path, 'utf8')
    return edited === text ? undefined : edited
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
