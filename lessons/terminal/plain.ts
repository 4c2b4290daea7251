// A lesson as lines, for when standard output is no terminal: a pipe, a screen
// reader, a log. Shows a step, waits for Enter, runs, shows what came out.
import { createInterface } from 'node:readline'
import stringWidth from 'string-width'
import type { Block } from '../format/lesson.ts'
import type { Language } from '../language/language.ts'
import { type TerminalWords, terminalWords } from '../language/terminal.ts'
import type { Player } from '../player/player.ts'
import { plainText } from '../player/prompt-marks.ts'
import { markdownLines } from './markdown.ts'

const width = 78

/** Goes through the lesson line by line; the end of standard input answers Enter to everything. */
export async function runPlain(
  player: Player,
  language: Language,
  print: (line: string) => void,
  from?: string,
): Promise<void> {
  const words = terminalWords[language]
  const input = createInterface({ input: process.stdin })
  const lines = input[Symbol.asyncIterator]()
  const ask = async (prompt: string): Promise<string> => {
    print(prompt)
    const { value, done } = await lines.next()
    return done ? '' : value
  }
  const { lesson } = player
  print(`${lesson.title}\n${'='.repeat(stringWidth(lesson.title))}`)
  if (lesson.language !== language) print(`\n${words.screen.untranslated}`)
  const first = Math.max(
    0,
    lesson.steps.findIndex((step) => step.id === from),
  )
  if (first === 0) for (const block of lesson.intro) await show(player, block, words, print, ask)
  for (const [index, step] of lesson.steps.entries()) {
    if (index < first) continue
    print(`\n${index + 1}/${lesson.steps.length} ${step.title}\n`)
    player.enter(step.id)
    for (const block of step.blocks) await show(player, block, words, print, ask)
  }
  for (const block of lesson.outro) await show(player, block, words, print, ask)
  input.close()
}

async function show(
  player: Player,
  block: Block,
  { plain, block: said }: TerminalWords,
  print: (line: string) => void,
  ask: (prompt: string) => Promise<string>,
): Promise<void> {
  switch (block.type) {
    case 'prose':
    case 'hint':
      return print(
        `${block.type === 'hint' ? plain.hint : ''}${markdownLines(block.markdown, width).join('\n')}\n`,
      )
    case 'source':
      return print(`${block.file}:${block.from}\n${block.code}\n`)
    case 'run': {
      await ask(`[${block.terminal}] ${block.command}\n${plain.enterRuns}`)
      let output = ''
      const forget = player.on((event) => {
        if (event.type === 'output' && event.terminal === block.terminal)
          output += Buffer.from(event.data).toString()
      })
      const outcome = await player.run(block.id)
      forget()
      return print(`${plainText(output).trimEnd()}${outcome.message ? `\n! ${outcome.message}` : ''}\n`)
    }
    case 'predict': {
      const options = block.options.map((option, index) => `  ${index + 1}. ${option.text}`).join('\n')
      const answer = await ask(`${block.question}\n${options}\n${plain.number}`)
      const outcome = player.answer(block.id, [Number(answer) - 1])
      return print(`${outcome.state === 'passed' ? said.right : said.wrong} ${block.explanation}\n`)
    }
    case 'exercise': {
      const answer = await ask(`${block.title}\n${block.markdown}\n${plain.exercise(block.file)}`)
      if (answer.trim() === 'solution') await player.solve(block.id)
      return
    }
    case 'check': {
      const outcome = await player.check(block.id)
      return print(
        `${outcome.state === 'passed' ? plain.done : plain.open} ${block.title}${outcome.state === 'passed' ? '' : `: ${outcome.message}`}\n`,
      )
    }
    default:
  }
}
