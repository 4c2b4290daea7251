// `learn-containers` alone: what there is to learn, and how far you are.
import stringWidth from 'string-width'
import { modules } from '../format/catalogue.ts'
import type { Language } from '../language/language.ts'
import { terminalWords } from '../language/terminal.ts'
import { Progress } from '../player/progress.ts'
import { paint } from './paint.ts'

export async function listLessons(language: Language, print: (line: string) => void): Promise<void> {
  const [all, done] = await Promise.all([modules(language), new Progress().read()])
  const words = terminalWords[language].list
  const width = Math.max(...all.flatMap((module) => module.lessons.map((lesson) => lesson.slug.length)))
  let next: string | undefined
  print('')
  for (const module of all) {
    print(`  ${paint('bold', module.title)}  ${paint('dim', module.summary)}`)
    if (module.lessons.length === 0) print(`    ${paint('dim', words.empty)}`)
    for (const lesson of module.lessons) {
      const steps = (done[lesson.slug] ?? []).filter((id) =>
        lesson.steps.some((step) => step.id === id),
      ).length
      const complete = steps === lesson.steps.length
      if (!complete) next ??= lesson.slug
      const mark = complete ? paint('green', '✓') : steps > 0 ? paint('yellow', '◐') : paint('dim', '○')
      const count = steps > 0 && !complete ? `${steps}/${lesson.steps.length}` : words.minutes(lesson.minutes)
      const column = count + ' '.repeat(Math.max(0, 7 - stringWidth(count)))
      print(`    ${mark} ${paint('cyan', lesson.slug.padEnd(width))}  ${column}  ${lesson.title}`)
    }
    print('')
  }
  const command = (text: string): string => paint('bold', text)
  print(next === undefined ? `  ${words.all}` : `  ${words.next}${command(`learn-containers ${next}`)}`)
  print(`  ${words.browser}${command('learn-containers site')}    ${words.else}learn-containers --help\n`)
}
