// The language of the page that is shown: English at /, Chinese at /zh/.
//
// The address decides, so that a link means the same text for everybody.
import { useData, withBase } from 'vitepress'
import { type ComputedRef, computed } from 'vue'
import type { Language } from '../../lessons/language/language.ts'
import { type SiteWords, siteWords } from '../../lessons/language/site.ts'

export interface PageLanguage {
  language: ComputedRef<Language>
  words: ComputedRef<SiteWords>
  /** The address of a page in the page's language: `/lessons/` -> `/zh/lessons/`. The engine's pages have one language. */
  to: (path: string) => string
}

export function useLanguage(): PageLanguage {
  const { lang } = useData()
  const language = computed<Language>(() => (lang.value.startsWith('zh') ? 'zh' : 'en'))
  return {
    language,
    words: computed(() => siteWords[language.value]),
    to: (path) => withBase(language.value === 'zh' && !path.startsWith('/engine') ? `/zh${path}` : path),
  }
}
