// Modules and lessons for the landing page, the lists and the maps, read at build
// time, in both languages.
import { modules } from '../lessons/format/catalogue.ts'
import type { Language } from '../lessons/language/language.ts'

export interface CatalogueLesson {
  slug: string
  title: string
  summary: string
  minutes: number
  /** Ids of its steps, as the progress file names them. */
  steps: string[]
  after: string[]
}

export interface CatalogueModule {
  id: string
  title: string
  summary: string
  lessons: CatalogueLesson[]
}

export type Catalogue = Record<Language, CatalogueModule[]>

declare const data: Catalogue

export { data }

async function read(language: Language): Promise<CatalogueModule[]> {
  return (await modules(language)).map(({ id, title, summary, lessons }) => ({
    ...{ id, title, summary },
    lessons: lessons.map(({ slug, title, summary, minutes, steps, after }) => ({
      ...{ slug, title, summary, minutes, after },
      steps: steps.map((step) => step.id),
    })),
  }))
}

export default {
  watch: ['../lessons/content/**/*'],
  async load(): Promise<Catalogue> {
    return { en: await read('en'), zh: await read('zh') }
  },
}
