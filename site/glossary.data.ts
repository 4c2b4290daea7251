// The glossary for its page, read at build time, in both languages.
import { type Entry, glossary } from '../lessons/format/glossary.ts'
import type { Language } from '../lessons/language/language.ts'

export type Glossary = Record<Language, Entry[]>

declare const data: Glossary

export { data }

export default {
  watch: ['../lessons/content/glossary.yaml'],
  async load(): Promise<Glossary> {
    return { en: await glossary('en'), zh: await glossary('zh') }
  },
}
