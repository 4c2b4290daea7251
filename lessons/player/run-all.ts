// `--run-all`: a lesson without a learner, as the test suite and a curious
// instructor take it. One line per step, run and check.
//
// Next: lessons/player/player.ts
import type { Block, Step } from '../format/lesson.ts'
import { type LessonWords, lessonWords } from '../language/lesson.ts'
import type { Outcome } from './events.ts'
import type { Player } from './player.ts'

export interface RunAllResult {
  passed: number
  failed: number
}

/**
 * Goes through every step in order, as a learner who knows the answers.
 * @param before called when a step was entered, and nothing of it was done
 */
export async function runAll(
  player: Player,
  print: (line: string) => void,
  before: (step: Step) => Promise<void> = async () => {},
  words: LessonWords['runAll'] = lessonWords.en.runAll,
): Promise<RunAllResult> {
  const result: RunAllResult = { passed: 0, failed: 0 }
  const report = (label: string, { state, message, seconds }: Outcome): void => {
    if (state === 'passed') result.passed++
    else result.failed++
    const mark = state === 'passed' ? '✓' : '✗'
    print(`  ${mark} ${label}${seconds >= 0.1 ? words.seconds(seconds.toFixed(1)) : ''}`)
    if (state !== 'passed') print(`      ${message ?? state}`)
  }
  for (const [index, step] of player.lesson.steps.entries()) {
    print(`${index + 1}/${player.lesson.steps.length} ${step.title}`)
    player.enter(step.id)
    await before(step)
    for (const block of step.blocks) await takeBlock(player, step, block, report, words)
  }
  return result
}

/** One block, as a learner who knows the answers takes it. */
export async function takeBlock(
  player: Player,
  step: Step,
  block: Block,
  report: (label: string, outcome: Outcome) => void,
  words: LessonWords['runAll'] = lessonWords.en.runAll,
): Promise<void> {
  switch (block.type) {
    case 'run':
      return report(words.run(block.command.split('\n')[0] ?? ''), await player.run(block.id))
    case 'predict': {
      const right = block.options.flatMap((option, index) => (option.correct ? [index] : []))
      return report(words.answer(block.question), player.answer(block.id, right))
    }
    case 'exercise':
      return report(words.write(block.file), await player.solve(block.id))
    case 'check':
      return report(words.check(block.title), await checkOrSolve(player, step, block.id))
    default:
  }
}

/** A check that fails is given the step's solutions, as a learner who gave up would. */
async function checkOrSolve(player: Player, step: Step, id: string): Promise<Outcome> {
  const solutions = step.blocks.filter((block) => block.type === 'solution')
  // A step with a solution waits for the learner: asked twice only, for a check that comes true in a moment.
  const outcome = await settled(player, id, solutions.length === 0 ? 6 : 2)
  if (outcome.state === 'passed' || solutions.length === 0) return outcome
  for (const solution of solutions) {
    const typed = await player.solve(solution.id)
    if (typed.state !== 'passed') return typed
  }
  return settled(player, id)
}

/** Some facts take a moment: a background job starts, the OOM killer comes round. Six tries take three seconds. */
async function settled(player: Player, id: string, tries = 6): Promise<Outcome> {
  for (let count = 1; ; count++) {
    const outcome = await player.check(id)
    if (outcome.state !== 'failed' || count === tries) return outcome
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}
