// What a presentation does with each key: which slide, what is revealed, what is
// run. Draws nothing; PresentPage.vue shows it, the notes window steers it.
//
// Next: site/components/stage/slides.ts
import { computed, type Ref, reactive, ref, watch } from 'vue'
import type { Lesson } from '../../../lessons/format/lesson.ts'
import type { PresentWords } from '../../../lessons/language/present.ts'
import type { Connection } from '../connection.ts'
import type { PresentAction } from './present-keys.ts'
import { nextToReveal, nextToRun, slidesOf, terminalsOf } from './slides.ts'
import { keepTimer, toggle } from './timer.ts'

/** What only the page can do: it has the document. */
export interface StageHands {
  /** Scrolls a block into sight. */
  show: (blockId: string) => void
  scroll: (by: 1 | -1) => void
  /** Of the new slide. */
  top: () => void
  notes: () => void
  terminal: () => void
  fullscreen: () => void
  open: (dialog: 'help' | 'class' | 'reset') => void
}

export function usePresenter(
  lesson: Lesson,
  connection: Connection,
  words: Readonly<Ref<PresentWords>>,
  hands: StageHands,
) {
  const { state } = connection
  const slides = slidesOf(lesson)
  const stage = reactive({ step: '', revealed: [] as string[], blank: false })
  const solved = ref<string[]>([])
  /** Terminals that somebody asked for, beside those of the slide. */
  const extra = ref<string[]>([])
  const font = ref(1)
  const toast = ref('')
  const timer = keepTimer(lesson.slug)
  let toastTimer: ReturnType<typeof setTimeout> | undefined

  const index = computed(() => slides.findIndex((slide) => slide.id === stage.step))
  const slide = computed(() => slides[index.value] ?? slides[0] ?? { id: '', title: '', blocks: [] })
  const terminals = computed(() => {
    const used = terminalsOf(slides, index.value, lesson.sandbox.terminals)
    return lesson.sandbox.terminals.filter((name) => used.includes(name) || extra.value.includes(name))
  })
  const next = computed(() => nextToRun(slide.value, state.blocks, stage.revealed, solved.value))

  /** Says where we are: to the player, whose checks tick, and to the class. */
  function tell(): void {
    if (stage.step !== '') connection.send({ type: 'enter', step: stage.step })
    connection.send({
      type: 'present',
      stage: { ...stage, revealed: stage.revealed.slice(-50), terminals: terminals.value },
    })
  }

  function enter(id: string): void {
    stage.step = slides.some((one) => one.id === id) ? id : ''
    history.replaceState(
      history.state,
      '',
      stage.step === '' ? location.pathname + location.search : `#${id}`,
    )
    hands.top()
  }

  function go(by: 1 | -1) {
    const there = slides[index.value + by]
    if (!there) return say(by === 1 ? words.value.lastStep : words.value.firstStep)
    enter(there.id)
  }

  function run() {
    if (state.link !== 'ready') return say(words.value.notReady)
    const block = next.value
    if (!block) return say(words.value.allRun)
    if (state.blocks[block.id]?.state === 'running') return say(words.value.stillRuns)
    hands.show(block.id)
    if (block.type === 'run') return connection.send({ type: 'run', id: block.id })
    solved.value.push(block.id)
    connection.send({ type: 'solve', id: block.id })
  }

  function reveal() {
    const block = nextToReveal(slide.value, state.blocks, stage.revealed)
    if (!block) return say(words.value.allRevealed)
    if (block.type === 'predict') {
      const choices = block.options.flatMap((option, at) => (option.correct ? [at] : []))
      connection.send({ type: 'answer', id: block.id, choices })
    } else stage.revealed.push(block.id)
    // When it is there to be seen.
    setTimeout(() => hands.show(block.id), 60)
  }

  function skip() {
    if (stage.step === '') return say(words.value.nothingToSkip)
    connection.send({ type: 'catch-up', step: stage.step })
  }

  function say(text: string, milliseconds = 5000): void {
    toast.value = text
    clearTimeout(toastTimer)
    if (milliseconds > 0) toastTimer = setTimeout(() => (toast.value = ''), milliseconds)
  }

  function act(action: PresentAction): void {
    // Whoever goes on wants to be seen.
    if (action !== 'blank' && action !== 'timer' && action !== 'notes') stage.blank = false
    if (action === 'next' || action === 'previous') go(action === 'next' ? 1 : -1)
    else if (action === 'run') run()
    else if (action === 'reveal') reveal()
    else if (action === 'skip') skip()
    else if (action === 'blank') stage.blank = !stage.blank
    else if (action === 'timer') toggle(timer, lesson.slug)
    else if (action === 'larger') font.value = Math.min(2, font.value * 1.1)
    else if (action === 'smaller') font.value = Math.max(0.5, font.value / 1.1)
    else if (action === 'plain') font.value = 1
    else if (action === 'up' || action === 'down') hands.scroll(action === 'down' ? 1 : -1)
    else if (action === 'class' && !state.class) say(words.value.noClass)
    else if (action === 'help' || action === 'class' || action === 'reset') hands.open(action)
    else hands[action]()
  }

  watch([() => ({ ...stage }), () => stage.revealed.length, () => terminals.value.join()], tell)
  watch(
    () => state.catchUp,
    (made) => {
      if (!made) return
      const { skip } = words.value
      if (made.state === 'done') say(skip.done)
      else if (made.state === 'failed') say(skip.failed(made.message ?? ''), 20_000)
      else if (made.doing === 'replaying') say(skip.replaying(made.at ?? 1, made.of ?? 1), 0)
      else say(skip[made.doing ?? 'taking'], 0)
    },
  )
  watch(
    () => state.notice,
    (notice) => notice && notice.kind !== 'busy' && say(notice.message, 15_000),
  )
  return {
    act,
    enter,
    extra,
    font,
    index,
    next,
    say,
    slide,
    slides,
    solved,
    stage,
    tell,
    terminals,
    timer,
    toast,
  }
}
