// An instructor's notes as HTML, by step.
//
// Made here and not when the site is built: the site's files are read by learners
// and by a class, the socket of a presenting page by the instructor only.
import MarkdownIt from 'markdown-it'
import type { Lesson } from '../../lessons/format/lesson.ts'

export function renderNotes(lesson: Lesson): Record<string, string> {
  const markdown = new MarkdownIt()
  return Object.fromEntries(
    lesson.steps.flatMap((step) => {
      const notes = step.blocks.flatMap((block) => (block.type === 'note' ? [block.markdown] : []))
      return notes.length === 0 ? [] : [[step.id, markdown.render(notes.join('\n\n'))]]
    }),
  )
}
