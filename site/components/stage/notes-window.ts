// The presenting page's side of the notes: opens the window, tells it what is to
// be seen, does what its buttons ask.
//
// Next: site/components/stage/notes-channel.ts
import { type Ref, watch } from 'vue'
import type { Lesson } from '../../../lessons/format/lesson.ts'
import type { PresentWords } from '../../../lessons/language/present.ts'
import type { Connection } from '../connection.ts'
import { type NotesNow, openChannel } from './notes-channel.ts'
import type { usePresenter } from './presenter.ts'

export function useNotes(
  lesson: Lesson,
  html: Record<string, string>,
  connection: Connection,
  show: ReturnType<typeof usePresenter>,
  words: Readonly<Ref<PresentWords>>,
): { open: () => void; close: () => void } {
  const { state } = connection
  let channel: BroadcastChannel | undefined

  function now(): NotesNow {
    const { slide, slides, index, timer } = show
    const open = ({ id }: { id: string }): boolean =>
      !['passed', 'failed'].includes(state.blocks[id]?.state ?? '')
    return {
      lesson: lesson.title,
      at: index.value,
      of: slides.length - 1,
      title: slide.value.title,
      note: state.notes[slide.value.id] ?? '',
      next: slides[index.value + 1]?.title,
      commands: slide.value.blocks.flatMap((block) =>
        block.type === 'run' && state.blocks[block.id]?.state !== 'passed'
          ? [
              {
                id: block.id,
                terminal: block.terminal,
                command: block.command,
                running: state.blocks[block.id]?.state === 'running',
              },
            ]
          : [],
      ),
      answers: slide.value.blocks.flatMap((block) =>
        block.type === 'predict' && open(block)
          ? block.options.flatMap((option, at) =>
              option.correct ? [html[`${block.id}/option-${at}`] ?? ''] : [],
            )
          : [],
      ),
      timer: { ...timer },
      minutes: lesson.minutes,
      sandbox: words.value.sandbox[state.link],
      viewers: state.class ? words.value.viewers(state.class.viewers, state.class.following) : '',
      said: show.toast.value,
    }
  }

  function tell(): void {
    // Plain data: a reactive object cannot be cloned into another window.
    channel?.postMessage({ type: 'now', now: JSON.parse(JSON.stringify(now())) })
  }

  watch(now, tell, { deep: true })
  if (typeof window !== 'undefined')
    channel = openChannel(lesson.slug, (message) => {
      if (message.type === 'hello') tell()
      if (message.type === 'act') show.act(message.action)
    })

  return {
    open: () => {
      const opened = window.open(
        `${location.pathname}?notes`,
        `notes ${lesson.slug}`,
        'popup,width=760,height=820',
      )
      if (!opened) show.say(words.value.notes.blocked)
    },
    close: () => channel?.close(),
  }
}
