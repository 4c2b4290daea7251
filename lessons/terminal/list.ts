// `learn-containers` alone: what there is to learn, and how far you are.
import { modules } from '../format/catalogue.ts'
import { Progress } from '../player/progress.ts'
import { paint } from './paint.ts'

export async function listLessons(print: (line: string) => void): Promise<void> {
  const [all, done] = await Promise.all([modules(), new Progress().read()])
  const width = Math.max(...all.flatMap((module) => module.lessons.map((lesson) => lesson.slug.length)))
  let next: string | undefined
  print('')
  for (const module of all) {
    print(`  ${paint('bold', module.title)}  ${paint('dim', module.summary)}`)
    for (const lesson of module.lessons) {
      const steps = (done[lesson.slug] ?? []).filter((id) =>
        lesson.steps.some((step) => step.id === id),
      ).length
      const complete = steps === lesson.steps.length
      if (!complete) next ??= lesson.slug
      const mark = complete ? paint('green', '✓') : steps > 0 ? paint('yellow', '◐') : paint('dim', '○')
      const count = steps > 0 && !complete ? `${steps}/${lesson.steps.length}` : `${lesson.minutes} min`
      print(`    ${mark} ${paint('cyan', lesson.slug.padEnd(width))}  ${count.padEnd(6)}  ${lesson.title}`)
    }
    print('')
  }
  print(next === undefined ? '  You took them all.' : `  Next: ${paint('bold', `learn-containers ${next}`)}`)
  print(
    `  In the browser: ${paint('bold', 'learn-containers site')}    Everything else: learn-containers --help\n`,
  )
}
