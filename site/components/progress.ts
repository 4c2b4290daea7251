// What the learner has done, as the server keeps it for the site and the terminal
// alike; and what follows from it: ticks, and where to go on.
//
// Read when a page is shown. Without the server there is none, and nothing is ticked.
import { onBeforeUnmount, onMounted, type Ref, ref } from 'vue'
import type { CatalogueLesson, CatalogueModule } from '../catalogue.data.ts'

/** Slug of a lesson -> ids of its steps that are done; the lesson in which something was done last stands last. */
export type Done = Record<string, string[]>

export function useProgress(): Ref<Done> {
  const done = ref<Done>({})
  async function look(): Promise<void> {
    try {
      const response = await fetch('/progress')
      if (response.ok) done.value = (await response.json()).done
    } catch {
      // No server: the pages are all there is.
    }
  }
  const lookAgain = (): void => {
    if (!document.hidden) void look()
  }
  onMounted(() => {
    void look()
    document.addEventListener('visibilitychange', lookAgain)
  })
  onBeforeUnmount(() => document.removeEventListener('visibilitychange', lookAgain))
  return done
}

export interface LessonProgress {
  state: 'done' | 'begun' | 'open'
  steps: number
}

export function progressOf(lesson: Pick<CatalogueLesson, 'slug' | 'steps'>, done: Done): LessonProgress {
  const steps = lesson.steps.filter((id) => done[lesson.slug]?.includes(id)).length
  return { steps, state: steps === lesson.steps.length ? 'done' : steps > 0 ? 'begun' : 'open' }
}

/** Where to go on: the lesson that was left last, or the one after it; undefined when nothing was begun. */
export function resumeAt(
  modules: readonly CatalogueModule[],
  done: Done,
): { lesson: CatalogueLesson; step: string | undefined } | undefined {
  const lessons = modules.flatMap((module) => module.lessons)
  const last = Object.keys(done).findLast((slug) => lessons.some((one) => one.slug === slug))
  const at = lessons.findIndex((one) => one.slug === last)
  if (at < 0) return undefined
  const open = (lesson: CatalogueLesson): boolean => progressOf(lesson, done).state !== 'done'
  const lesson = [...lessons.slice(at), ...lessons.slice(0, at)].find(open)
  return lesson && { lesson, step: lesson.steps.find((id) => !done[lesson.slug]?.includes(id)) }
}
