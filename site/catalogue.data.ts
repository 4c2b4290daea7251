// Modules and lessons for the landing page and the list, read at build time.
import { modules } from '../lessons/format/catalogue.ts'

export interface CatalogueModule {
  id: string
  title: string
  summary: string
  lessons: { slug: string; title: string; summary: string; minutes: number; steps: number }[]
}

declare const data: CatalogueModule[]

export { data }

export default {
  watch: ['../lessons/content/**/*'],
  async load(): Promise<CatalogueModule[]> {
    return (await modules()).map(({ id, title, summary, lessons }) => ({
      ...{ id, title, summary },
      lessons: lessons.map((one) => ({
        slug: one.slug,
        title: one.title,
        summary: one.summary,
        minutes: one.minutes,
        steps: one.steps.length,
      })),
    }))
  },
}
