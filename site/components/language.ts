// The language of the page, as VitePress' locale says it.
import { useData } from 'vitepress'
import { type ComputedRef, computed } from 'vue'
import type { Language } from '../../lessons/language/language.ts'

export function useLanguage(): ComputedRef<Language> {
  const { lang } = useData()
  return computed(() => (lang.value.startsWith('zh') ? 'zh' : 'en'))
}
