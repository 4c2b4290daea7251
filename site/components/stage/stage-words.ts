// The words of presenting, in the language of the page.
import { useData } from 'vitepress'
import { type ComputedRef, computed } from 'vue'
import { type PresentWords, presentWords } from '../../../lessons/language/present.ts'

/** @param tag BCP 47, as `lang` has it */
export function wordsOf(tag: string): PresentWords {
  return presentWords[tag.startsWith('zh') ? 'zh' : 'en']
}

export function useStageWords(): ComputedRef<PresentWords> {
  const { lang } = useData()
  return computed(() => wordsOf(lang.value))
}
