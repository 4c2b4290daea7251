// What a marked word means, shown beside it: while the pointer or the keyboard's
// focus is on the word, and for good once it was pressed. Esc closes it.
//
// The box stands behind its word in the text, so that Tab goes from the word to
// the links in the box. Plain DOM: the words are in HTML that Vue does not know.
import type { SiteWords } from '../../lessons/language/site.ts'
import type { LessonView } from '../lesson-view.ts'

interface Definitions {
  terms: LessonView['terms']
  words: SiteWords
  /** Address of a word's place on the glossary's page. */
  entry: (id: string) => string
}

const boxId = 'term-definition'

/** Explains the marked words in `root` until the function that it returns is called. */
export function explainTerms(root: HTMLElement, { terms, words, entry }: Definitions): () => void {
  const box = document.createElement('span')
  box.id = boxId
  box.className = 'term-box'
  box.setAttribute('role', 'note')
  let shown: HTMLElement | undefined
  let pinned = false
  let timer: ReturnType<typeof setTimeout> | undefined

  function show(button: HTMLElement): void {
    clearTimeout(timer)
    const id = button.dataset.term ?? ''
    const term = terms[id]
    if (!term || shown === button) return
    hide()
    shown = button
    const [title, text, links] = [make('strong'), make('span'), make('span', 'links')]
    title.textContent = term.english === undefined ? term.term : `${term.term}（${term.english}）`
    text.textContent = term.definition
    const [more, all] = [make('a'), make('a')]
    more.setAttribute('href', term.link)
    more.setAttribute('target', '_blank')
    more.setAttribute('rel', 'noreferrer')
    more.textContent = `${words.glossary.source} ↗`
    all.setAttribute('href', entry(id))
    all.textContent = words.glossary.entry
    links.append(all, more)
    box.replaceChildren(title, text, links)
    button.after(box)
    button.setAttribute('aria-describedby', boxId)
    button.setAttribute('aria-expanded', 'true')
    place()
  }

  /** Below the word, or above it where there is no room; never past the window's sides. */
  function place(): void {
    if (!shown) return
    const word = shown.getBoundingClientRect()
    const { width, height } = box.getBoundingClientRect()
    const left = Math.max(8, Math.min(word.left, document.documentElement.clientWidth - width - 8))
    const below = word.bottom + 6
    const top =
      below + height > window.innerHeight - 8 && word.top > height + 6 ? word.top - height - 6 : below
    box.style.left = `${left}px`
    box.style.top = `${top}px`
  }

  function hide(): void {
    clearTimeout(timer)
    shown?.removeAttribute('aria-describedby')
    shown?.setAttribute('aria-expanded', 'false')
    shown = undefined
    pinned = false
    box.remove()
  }

  /** A pointer that goes from the word to the box leaves both for a moment. */
  function hideSoon(): void {
    clearTimeout(timer)
    timer = setTimeout(() => {
      if (!pinned && !box.matches(':hover') && !box.contains(document.activeElement)) hide()
    }, 200)
  }

  const wordAt = (event: Event): HTMLElement | undefined =>
    event.target instanceof Element
      ? (event.target.closest<HTMLElement>('button.term') ?? undefined)
      : undefined
  const over = (event: PointerEvent): void => {
    const button = wordAt(event)
    if (event.pointerType !== 'mouse') return
    if (button && button !== shown) {
      clearTimeout(timer)
      timer = setTimeout(() => show(button), 120)
    } else if (event.target instanceof Element && event.target.closest(`#${boxId}`)) clearTimeout(timer)
  }
  const focus = (event: FocusEvent): void => {
    const button = wordAt(event)
    // A click brings the focus too, and then decides by itself.
    if (button?.matches(':focus-visible')) show(button)
  }
  const press = (event: MouseEvent): void => {
    const button = wordAt(event)
    if (!button) return
    if (button === shown && pinned) hide()
    else {
      show(button)
      pinned = true
    }
  }
  const elsewhere = (event: PointerEvent): void => {
    const target = event.target
    if (shown && target instanceof Node && !box.contains(target) && !shown.contains(target)) hide()
  }
  const key = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape' || !shown) return
    event.stopPropagation()
    if (box.contains(document.activeElement)) shown.focus()
    hide()
  }
  const options = { passive: true }
  root.addEventListener('pointerover', over)
  root.addEventListener('pointerout', hideSoon)
  root.addEventListener('focusin', focus)
  root.addEventListener('focusout', hideSoon)
  root.addEventListener('click', press)
  document.addEventListener('pointerdown', elsewhere)
  document.addEventListener('keydown', key)
  window.addEventListener('scroll', place, options)
  return () => {
    hide()
    document.removeEventListener('pointerdown', elsewhere)
    document.removeEventListener('keydown', key)
    window.removeEventListener('scroll', place)
  }
}

function make(name: string, className = ''): HTMLElement {
  const element = document.createElement(name)
  if (className !== '') element.className = className
  return element
}
