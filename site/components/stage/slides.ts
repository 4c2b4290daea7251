// A lesson as what is shown one after the other: its title, then its steps.
//
// Pure; the presenting page, the notes and the class' mirror ask the same questions.
import type { Block, Lesson } from '../../../lessons/format/lesson.ts'
import type { BlockStatus } from '../../../lessons/player/ledger.ts'

export interface Slide {
  /** Of the step; empty for the title. */
  id: string
  title: string
  blocks: Block[]
}

export type WatchBlock = Extract<Block, { type: 'watch' }>

export function slidesOf(lesson: Lesson): Slide[] {
  const steps = lesson.steps.map((step, index) => ({
    id: step.id,
    title: step.title,
    // The last word belongs to the last step.
    blocks: index === lesson.steps.length - 1 ? [...step.blocks, ...lesson.outro] : step.blocks,
  }))
  return [{ id: '', title: lesson.title, blocks: lesson.intro }, ...steps]
}

/** Terminals that a slide's commands go to; those of the slide before where it has none. */
export function terminalsOf(slides: readonly Slide[], index: number, all: readonly string[]): string[] {
  for (let at = index; at >= 0; at--) {
    const used = (slides[at]?.blocks ?? []).flatMap((block) =>
      block.type === 'run'
        ? [block.terminal]
        : block.type === 'solution'
          ? block.runs.map((run) => run.terminal)
          : [],
    )
    if (used.length > 0) return all.filter((name) => used.includes(name))
  }
  return all.slice(0, 1)
}

/** The live view to keep in sight: that of the slide, or the last one before it. */
export function watchOf(slides: readonly Slide[], index: number): WatchBlock | undefined {
  return slides
    .slice(0, index + 1)
    .flatMap((slide) => slide.blocks)
    .findLast((block) => block.type === 'watch')
}

type Statuses = Readonly<Record<string, BlockStatus>>

/** What Enter does next: a command that did not run yet, or a revealed solution that was not typed. */
export function nextToRun(
  slide: Slide,
  statuses: Statuses,
  revealed: readonly string[],
  solved: readonly string[],
): Block | undefined {
  const fresh = slide.blocks.find((block) => block.type === 'run' && statuses[block.id]?.state !== 'passed')
  if (fresh) return fresh
  return slide.blocks.find(
    (block) =>
      ((block.type === 'solution' && block.runs.length > 0) || block.type === 'exercise') &&
      revealed.includes(block.id) &&
      !solved.includes(block.id),
  )
}

/** What is revealed next: the answer of a question, then hints, then solutions. */
export function nextToReveal(
  slide: Slide,
  statuses: Statuses,
  revealed: readonly string[],
): Block | undefined {
  const open = (block: Block): boolean => ['passed', 'failed'].includes(statuses[block.id]?.state ?? '')
  const hidden = (...types: Block['type'][]): Block | undefined =>
    slide.blocks.find((block) => types.includes(block.type) && !revealed.includes(block.id))
  return (
    slide.blocks.find((block) => block.type === 'predict' && !open(block)) ??
    hidden('hint') ??
    hidden('solution', 'exercise')
  )
}
